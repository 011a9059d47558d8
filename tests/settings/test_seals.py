from pathlib import Path

import pytest

from components.cloud.contract import Seal
from settings.model import Settings
from settings.seals import seal_of
from tests.conftest import Declare
from tests.settings.project import Project

KMS = Seal(kind="awskms", parameters={"kms_key_id": "key"})
SEAL = """\
  strongroom:seal:
    kind: transit
    address: https://keeper.example.com:8200
    keyName: strongroom
    mountPath: keys/transit
    namespace: teams/a
    ca: keeper.pem
    tokenFile: token
"""


def _settings(root: Path, more: str) -> Settings:
    project = Project(root)
    project.stack += more
    (root / "keeper.pem").write_text("a certificate")
    (root / "token").write_text("s.of-the-servers\n")
    return project.read()[0]


def _unasked() -> None:
    raise AssertionError


def test_it_is_the_cloud_s_key_unless_another_is_said(tmp_path: Path) -> None:
    assert seal_of(_settings(tmp_path, ""), KMS, _unasked) == KMS  # type: ignore[arg-type]


def test_a_transit_key_s_token_is_the_file_s_without_its_newline_and_secret(
    declare: Declare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path, SEAL)
    monkeypatch.chdir(tmp_path)
    seals: list[Seal] = []

    def program() -> object:
        seals.append(seal_of(settings, KMS, _unasked))  # type: ignore[arg-type]
        return seals[0].secret_environment["VAULT_TOKEN"]

    declared = declare(program)

    assert (declared.result, declared.result_is_secret) == ("s.of-the-servers", True)
    assert seals[0].kind == "transit"
    assert seals[0].parameters == {
        "address": "https://keeper.example.com:8200",
        "mount_path": "keys/transit",
        "key_name": "strongroom",
        "namespace": "teams/a",
    }
    assert seals[0].ca_file == str(tmp_path / "keeper.pem")


def test_a_migration_names_both(tmp_path: Path) -> None:
    more = "  strongroom:seal: {kind: shamir}\n  strongroom:formerSeal: {kind: awskms}\n"

    seal = seal_of(_settings(tmp_path, more), KMS, _unasked)  # type: ignore[arg-type]

    assert (seal.kind, seal.former) == ("shamir", KMS)


@pytest.mark.parametrize(
    ("seal", "former", "releases"),
    [
        ("", "", None),
        ("{kind: shamir}", "{kind: awskms}", "recovery"),
        ("{kind: awskms}", "{kind: shamir}", "unseal"),
        ("", "{kind: shamir}", "unseal"),
        ("", "{kind: transit, address: 'https://k', keyName: k, ca: pem, tokenFile: pem}", None),
    ],
)
def test_keys_that_lose_their_role_are_released_while_servers_migrate(
    seal: str, former: str, releases: str | None, tmp_path: Path
) -> None:
    more = f"  strongroom:seal: {seal}\n" if seal else ""
    more += f"  strongroom:formerSeal: {former}\n" if former else ""

    assert _settings(tmp_path, more).releases == releases
