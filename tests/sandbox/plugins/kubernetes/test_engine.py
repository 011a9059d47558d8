"""A program with a ConfigMap, a Secret, a Deployment and a Release, run by Pulumi's real engine."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.plugins.kubernetes.server import Server
from tests.sandbox.plugins.stack import Stack, running

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.kubernetes]
PASSWORD = "hunter22-hunter22"


@pytest.fixture
def place(suffix: str) -> str:
    """Name the namespace that the program makes."""
    return f"engine-{suffix}"


@pytest.fixture
def stack(tmp_path: Path, kubeconfig: str, chart: Path, place: str) -> Iterator[Stack]:
    more = {"KUBECONFIG": kubeconfig, "TEST_NAMESPACE": place, "TEST_CHART": str(chart)}
    with running(Path(__file__).parent / "program.py", tmp_path, more, releases=True) as made:
        made.pulumi("config", "set", "--secret", "password", PASSWORD)
        yield made


def declare(stack: Stack, colour: str) -> None:
    (stack.folder / "declared.json").write_text(json.dumps({"colour": colour}))


def outputs(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.pulumi("stack", "output", "--json"))
    return found


def secrets() -> list[str]:
    plain = [PASSWORD, "unmarked-value"]
    return [*plain, *(base64.b64encode(each.encode()).decode() for each in plain)]


def test_a_program_lives(stack: Stack, server: Server, place: str) -> None:
    declare(stack, "red")
    assert set(stack.planned().values()) == {"create"}
    said = stack.pulumi("up", "--yes", "--skip-preview", "--diff")
    assert stack.planned() == {}
    first = outputs(stack)
    assert first["name"].startswith("settings-")
    assert (first["revision"], first["available"]) == (1, 1)
    found = server.get("v1", "Secret", place, "mail")["data"]
    assert base64.b64decode(found["password"]).decode() == PASSWORD
    state = stack.state()
    for each in secrets():
        assert each not in state
        assert each not in said
    assert "kind: Config" not in state
    assert server.get("v1", "ConfigMap", place, "tiny")["data"]["affinity"] == "null"

    # Somebody with kubectl.
    web = server.get("apps/v1", "Deployment", place, "web")
    server.edit(web, {"metadata": {"labels": {"colour": "blue"}}, "spec": {"replicas": 2}})
    server.edit(server.get("v1", "Secret", place, "mail"), {"data": {"password": "b3RoZXI="}})
    said = stack.pulumi("refresh", "--yes", "--skip-preview", "--diff")
    assert stack.planned() == {"web": "update", "mail": "update"}
    said += stack.pulumi("up", "--yes", "--skip-preview", "--diff")
    assert stack.planned() == {}
    web = server.get("apps/v1", "Deployment", place, "web")
    assert (web["spec"]["replicas"], web["metadata"]["labels"]["colour"]) == (1, "red")
    found = server.get("v1", "Secret", place, "mail")["data"]
    assert base64.b64decode(found["password"]).decode() == PASSWORD
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert stack.planned() == {}

    declare(stack, "green")
    planned = stack.planned()
    assert {name for name, op in planned.items() if "replace" in op} == {"settings"}
    assert {name for name, op in planned.items() if op == "update"} == {"mail", "web", "tiny"}
    said += stack.pulumi("up", "--yes", "--skip-preview", "--diff")
    assert stack.planned() == {}
    second = outputs(stack)
    assert second["name"] != first["name"]
    assert second["revision"] == 2
    assert server.get("v1", "ConfigMap", place, first["name"]) == {}
    assert server.get("v1", "ConfigMap", place, "tiny")["data"]["colour"] == "green"
    state = stack.state()
    for each in secrets():
        assert each not in state
        assert each not in said

    # Gone behind Pulumi's back, and back again.
    server.remove("v1", "ConfigMap", place, second["name"])
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert stack.planned() == {"settings": "create", "web": "update"}
    stack.up()
    assert stack.planned() == {}

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert server.get("v1", "Namespace", None, place) == {}


def test_what_fails_is_said_without_its_secrets_and_mended_by_the_next_run(
    stack: Stack, server: Server, place: str, chart: Path
) -> None:
    template = chart / "templates" / "all.yaml"
    right = template.read_text()
    template.write_text(
        right + "---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: {{ .Values.password | upper }}}\nspec: {ports: [{port: 80}]}\n"
    )
    declare(stack, "red")
    said = stack.failed("up", "--yes", "--skip-preview")
    assert "metadata.name" in said
    for each in secrets():
        assert each not in said
        assert each not in stack.state()
    assert PASSWORD.upper() not in said
    template.write_text(right)
    stack.up()
    assert stack.planned() == {}
    assert server.get("v1", "ConfigMap", place, "tiny")["data"]["colour"] == "red"
