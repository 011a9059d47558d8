"""A snapshot is trusted only if it is whole and the server could use its seal; real servers: tests/custody."""

import hashlib
import io
import json
import tarfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hvac
import pytest

from ops.snapshot import SnapshotError, take, verify

STATUS = "/v1/sys/seal-backend-status"
FILES = {"meta.json": b"{}", "state.bin": b"state"}


def _archive(files: Mapping[str, bytes], *, sealed: bytes = b"sealed") -> bytes:
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in FILES.items())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in {
            **files,
            "SHA256SUMS": sums.encode(),
            "SHA256SUMS.sealed": sealed,
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


@contextmanager
def _server(snapshot: bytes, healthy: deque[bool | None]) -> Iterator[hvac.Client]:
    """Serve a snapshot and, in this order, what Vault says of its seal; None: it says nothing, as OpenBao."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = healthy.popleft() if self.path == STATUS else None
            body = json.dumps({"healthy": said}).encode() if self.path == STATUS else snapshot
            self.send_response(404 if self.path == STATUS and said is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hvac.Client(f"http://127.0.0.1:{server.server_address[1]}", token="t")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("said", [True, None])
def test_a_whole_archive_of_a_server_that_can_use_its_seal_is_kept(
    tmp_path: Path, *, said: bool | None
) -> None:
    with _server(_archive(FILES), deque([said, said])) as client:
        file = take(client, tmp_path)

    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_server_that_can_not_use_its_seal_is_not_even_asked_for_one(tmp_path: Path) -> None:
    with (
        _server(_archive(FILES), deque([False])) as client,
        pytest.raises(SnapshotError, match=r"can't use its seal.*; check the .*seal's credentials"),
    ):
        take(client, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_one_that_could_not_while_it_gave_it_is_not_believed(tmp_path: Path) -> None:
    with (
        _server(_archive(FILES), deque([True, False])) as client,
        pytest.raises(SnapshotError, match="once ended it stays sealed"),
    ):
        take(client, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (_archive(FILES)[:-20], "cut off or damaged, as it is where the seal can't be used"),
        (b"", "cut off or damaged"),
        (_archive(FILES, sealed=b""), "checksums are not sealed"),
        (_archive({**FILES, "state.bin": b"other"}), r"state\.bin in the snapshot is not what"),
        (_archive({"meta.json": b"{}"}), r"state\.bin in the snapshot"),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(tmp_path: Path, archive: bytes, said: str) -> None:
    file = tmp_path / "archive"
    file.write_bytes(archive)

    with pytest.raises(SnapshotError, match=said):
        verify(file)
