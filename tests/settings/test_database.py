"""A database instead of raft: what is taken, and what is refused in a line."""

from pathlib import Path

import pulumi
import pytest

from mistakes import MistakesError
from settings.database import database_of
from settings.server import Processes
from tests.settings.project import HELM, STACK, Project

PROCESSES = "    tls: {certificate: pem, key: pem, ca: pem}\n"
PODS = "    address: https://vault.example.com:8200\n"
SECRET = "  strongroom:databasePassword:\n    secure: v1:ghi\n"


def database(more: str = "") -> str:
    return f"    database: {{kind: postgresql, host: db.example.com, ca: pem{more}}}\n"


def project(tmp_path: Path, stack: str, after: str, said: str, secret: str = SECRET) -> Project:
    made = Project(tmp_path)
    made.stack = stack.replace(after, after + said) + secret
    return made


def refused(made: Project) -> list[str]:
    with pytest.raises(MistakesError) as raised:
        made.read()
    return str(raised.value).splitlines()


def test_what_is_said_arrives_with_the_usual_port(tmp_path: Path) -> None:
    settings, _ = project(tmp_path, STACK, PROCESSES, database()).read()

    (tmp_path / "pem").write_text("a CA")
    assert isinstance(settings.server, Processes)
    said = settings.server.database
    assert said is not None
    given = said.model_copy(update={"ca": str(tmp_path / "pem")})
    asked: list[str] = []

    def password(key: str) -> pulumi.Output[str]:
        asked.append(key)
        return pulumi.Output.secret("-")

    found = database_of(given, password)
    assert found is not None
    assert (found.kind, found.host, found.port, found.name) == (
        "postgresql", "db.example.com", 5432, "vault",
    )  # fmt: skip
    assert found.ca_certificate == "a CA"
    assert asked == ["databasePassword"]


def test_without_one_there_is_raft() -> None:
    assert database_of(None, lambda _: pytest.fail("asked for a password")) is None


@pytest.mark.parametrize(
    ("stack", "after", "said", "secret", "line"),
    [
        (STACK, PROCESSES, database().replace("postgresql", "mysql"), SECRET,
         "server.database.kind is mysql, and flavour openbao has no such storage"),
        (HELM, PODS, database(", cidrs: [10.7.0.0/24]"), SECRET,
         "server.database.kind is postgresql, and flavour vault makes no tables there by itself"),
        (HELM, PODS, database().replace("postgresql", "mysql"), SECRET,
         "server.database.cidrs is missing: the servers' NetworkPolicy would keep them from"),
        (STACK, PROCESSES, database(", cidrs: [10.7.0.0/24]"), SECRET,
         "server.database.cidrs means nothing without a NetworkPolicy"),
        (HELM, PODS, "    storage: {size: 20Gi}\n" + database(", cidrs: [10.7.0.0/24]"), SECRET,
         "server.storage means nothing beside a database"),
        (STACK, PROCESSES, database().replace("ca: pem", "ca: nowhere.pem"), SECRET,
         "server.database.ca names nowhere.pem, which is no file"),
        (STACK, PROCESSES, database(), "", "server.database has no password"),
        (STACK, PROCESSES, "", SECRET,
         "databasePassword is the password of a database, and there is no server.database"),
        (STACK, PROCESSES, database().replace("db.example.com", "db:5432"), SECRET,
         "server.database.host must be a host's name or IPv4 address, without a port"),
        (STACK, PROCESSES, database(", name: 'x; DROP'"), SECRET, "server.database.name must be a name"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_said_in_a_line(
    tmp_path: Path, stack: str, after: str, said: str, secret: str, line: str
) -> None:
    lines = refused(project(tmp_path, stack, after, said, secret))

    assert any(line in each for each in lines), lines
