"""The example applications: what they are, and that they read what they are given."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.model import WorkloadChoice
from catalog.reader import read
from components.workload.access import PodAccess
from components.workload.injector import pod_template
from examples.applications.deployment import EXAMPLES, STATUS, Document, example_deployment
from tests.examples.application import shown

CHECKOUT = Path(__file__).parents[2]
ACCESS = PodAccess(
    address="https://vault.vault.svc:8200", login_mount="kubernetes", audience="vault"
)
SERVICES = {each.id: each for each in read(CHECKOUT / "catalog").services}
NASTY = "a \"b\" 'c' \\d\\\n$HOME `id` ünïcödé 🔑 \u2028\u0001\ttab\n"
SHELLS = [("sh",), *([("busybox", "sh")] if shutil.which("busybox") else [])]


def deployment(service: str, image: str = "lab/shell:1") -> Document:
    return example_deployment(SERVICES[service], ACCESS, image=image)


def line(file: str, field: str, value: str) -> str:
    raw = value.encode()
    return f"{file} {field} {len(raw)} {hashlib.sha256(raw).hexdigest()}"


@pytest.mark.parametrize("id_", EXAMPLES)
def test_a_pod_holds_what_ops_workload_prints(id_: str) -> None:
    service = SERVICES[id_]
    assert service.workload is not None
    printed = pod_template(service, ACCESS, service.workload)

    pod = deployment(id_)["spec"]["template"]

    assert pod["metadata"]["annotations"] == printed["metadata"]["annotations"]
    assert pod["spec"]["serviceAccountName"] == service.name
    assert printed["spec"]["volumes"][0] in pod["spec"]["volumes"]


def test_one_is_a_sidecar_s_and_one_is_written_once() -> None:
    choices = [SERVICES[id_].workload for id_ in EXAMPLES]

    assert [choice.mode for choice in choices if choice] == ["sidecar", "init"]


@pytest.mark.parametrize("choice", [None, WorkloadChoice(delivery="csi")])
def test_another_way_is_refused(choice: WorkloadChoice | None) -> None:
    web = replace(SERVICES["blog/web"], workload=choice)

    with pytest.raises(ValueError, match="blog/web must have workload"):
        example_deployment(web, ACCESS)


def test_the_image_is_the_caller_s() -> None:
    (container,) = deployment("shop/orders", "lab/shell:1")["spec"]["template"]["spec"][
        "containers"
    ]

    assert container["image"] == "lab/shell:1"
    assert container["command"][-2:] == ["/vault/secrets", STATUS]


def test_a_container_may_do_nothing_else() -> None:
    pod = deployment("blog/web")["spec"]["template"]["spec"]

    assert pod["automountServiceAccountToken"] is False
    security = pod["containers"][0]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_every_value_is_read_back_and_none_is_shown(tmp_path: Path, shell: Sequence[str]) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    # As Go writes JSON: these signs as escapes, other unicode as it is.
    text = json.dumps({"password": NASTY, "user name": ""}, ensure_ascii=False)
    (secrets / "mail.json").write_text(text.replace("\u2028", "\\u2028"))
    lines = "\nexport NOT='a variable'"
    variables = {name: text.replace("'", "'\\''") for name, text in (("A", NASTY), ("B", lines))}
    (secrets / "app.env").write_text(
        "".join(f"export {name}='{quoted}'\n" for name, quoted in variables.items())
    )
    (secrets / "password").write_text(NASTY)

    found = shown(secrets, tmp_path / "shown", shell)

    assert found == {
        line("mail.json", "password", NASTY),
        line("mail.json", "user name", ""),
        line("app.env", "A", NASTY),
        line("app.env", "B", lines),
        line("password", "-", NASTY),
    }


@pytest.mark.parametrize(
    "broken", ['{"a": "b"', '{"a": 1}', '{"a": "b"} x', '{"a": "b', "[]", ""], ids=repr
)
def test_what_is_no_object_of_texts_is_said_and_not_shown(tmp_path: Path, broken: str) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mail.json").write_text(broken)

    with pytest.raises(subprocess.CalledProcessError) as failed:
        shown(secrets, tmp_path / "shown")

    assert failed.value.stderr.startswith("mail.json: ")
    assert not (tmp_path / "shown").exists()
