"""Real databases with TLS, each in a folder of its own: PostgreSQL and MariaDB, as Debian has them.

What is missing is installed where that can be done (Debian, root); otherwise the test says what is missing.
"""

import datetime as dt
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.server.database import Kind
from components.server.tls.authority import issue, new_authority
from components.server.tls.names import Names
from tests.real.debian import ensure
from tests.sandbox.plugins.conftest import free_ports

USER = NAME = "vault"
PASSWORD = "kingfisher42 a pass/word: with @ and 'quotes' %"
_SECONDS = 60.0
_PACKAGES: dict[Kind, tuple[str, str]] = {
    "postgresql": ("postgresql", "initdb"),
    "mysql": ("mariadb-server-core", "mariadbd"),
}


@dataclass(frozen=True, kw_only=True)
class RunningDatabase:
    """One that answers on 127.0.0.1, with database and user `vault`."""

    kind: Kind
    port: int
    ca_file: Path
    socket: Path

    def sql(self, text: str) -> str:
        """Run as administrator; give what was printed."""
        if self.kind == "mysql":
            command = ["mariadb", f"--socket={self.socket}", "--user=root", "--batch", "-e", text]
        else:
            folder = str(self.socket)
            where = ["-h", folder, "-p", str(self.port), "-U", "postgres", "-d", NAME]
            command = [_program("psql"), *where, "-At", "-v", "ON_ERROR_STOP=1", "-c", text]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def change_password(self, password: str) -> None:
        """Give the user another."""
        quoted = "'" + password.replace("'", "''") + "'"
        if self.kind == "mysql":
            self.sql(f"ALTER USER {USER}@'%' IDENTIFIED BY {quoted}")
        else:
            self.sql(f"ALTER ROLE {USER} PASSWORD {quoted}")


@contextmanager
def running_database(kind: Kind, folder: Path) -> Iterator[RunningDatabase]:
    """Start one; stop it at the end."""
    package, program = _PACKAGES[kind]
    ensure(program, package, _found)
    folder.mkdir()
    now = dt.datetime.now(dt.UTC)
    authority = new_authority(now)
    leaf = issue(authority, Names(dns=("localhost",), ips=("127.0.0.1",)), now)
    for name, text in (
        ("ca.pem", authority.certificate), ("server.pem", leaf.certificate), ("server.key", leaf.key),
    ):  # fmt: skip
        (folder / name).write_text(text)
    (folder / "server.key").chmod(0o600)
    start = _start_mariadb if kind == "mysql" else _start_postgresql
    port = free_ports(1)
    process, socket = start(folder, port)
    found = RunningDatabase(kind=kind, port=port, ca_file=folder / "ca.pem", socket=socket)
    try:
        _wait(process, found, folder / "log")
        quoted = "'" + PASSWORD.replace("'", "''") + "'"
        if kind == "mysql":
            found.sql(
                f"CREATE DATABASE {NAME}; CREATE USER {USER}@'%' IDENTIFIED BY {quoted} REQUIRE SSL;"
                f" GRANT ALL ON {NAME}.* TO {USER}@'%'"
            )
        else:
            found.sql(
                f"CREATE ROLE {USER} LOGIN PASSWORD {quoted}; GRANT CREATE ON SCHEMA public TO {USER}"
            )
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", database: RunningDatabase, log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            database.sql("SELECT 1")
        except AssertionError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(log.read_text()[-2000:]) from None
            time.sleep(0.2)
        else:
            return


def _start_postgresql(folder: Path, port: int) -> "tuple[subprocess.Popen[bytes], Path]":
    user = _owned(folder, "postgres")
    data = folder / "data"
    subprocess.run(
        [_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
        user=user, cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    # From the network by password and TLS only.
    (data / "pg_hba.conf").write_text(
        f"local all postgres trust\nhostssl {NAME} {USER} 127.0.0.1/32 scram-sha-256\n"
    )
    single = [_program("postgres"), "--single", "-D", str(data), "postgres"]
    subprocess.run(
        single, user=user, cwd=folder, check=True, capture_output=True,
        input=f"CREATE DATABASE {NAME};\n".encode(),
    )  # fmt: skip
    options = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder,
        "ssl": "on", "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key",
        "fsync": "off",
    }  # fmt: skip
    arguments = [each for name, value in options.items() for each in ("-c", f"{name}={value}")]
    return _started([_program("postgres"), "-D", str(data), *arguments], folder, user), folder


def _start_mariadb(folder: Path, port: int) -> "tuple[subprocess.Popen[bytes], Path]":
    user = _owned(folder, "mysql")
    data, socket = folder / "data", folder / "socket"
    common = ["--no-defaults", f"--datadir={data}"]
    made = subprocess.run(
        ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"],
        user=user, cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    arguments = [
        *common, f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--ssl-ca={folder}/ca.pem", f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key",
        # Otherwise everybody from here is first of all Debian's anonymous user of `localhost`.
        "--skip-name-resolve", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", f"--pid-file={folder}/pid",
    ]  # fmt: skip
    return _started(["mariadbd", *arguments], folder, user), socket


def _started(command: list[str], folder: Path, user: str | int | None) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)


def _owned(folder: Path, name: str) -> str | None:
    """Give the folder to the database's own user, as whom it must run where this is root's process."""
    if os.geteuid() != 0:
        return None
    if name == "mysql":
        # Its package that has nothing but the server makes none.
        name = "nobody"
    for each in (folder, *folder.iterdir()):
        shutil.chown(each, name)
    # pytest's folders are for root alone.
    for parent in folder.parents:
        if parent.is_relative_to("/tmp") and parent.stat().st_uid == 0 and parent != Path("/tmp"):  # noqa: S108
            parent.chmod(parent.stat().st_mode | 0o011)
    return name


def _program(name: str) -> str:
    found = _found(name)
    assert found is not None, name
    return found


def _found(name: str) -> str | None:
    """Debian has PostgreSQL's programs in a folder of their version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else shutil.which(name)
