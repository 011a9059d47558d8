"""From our annotations to files: the injector's own code makes the agent's configuration, a real agent runs it.

What a cluster adds, mounted volumes and the kubelet's token, is a directory here.
"""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hvac.exceptions import InvalidRequest

from catalog.model import SecretFile, Service, WorkloadChoice
from components.workload.templates import external_secret_template
from tests.components.workload.services import INJECTOR, ORDERS
from tests.examples.application import shown
from tests.real.cluster import bao
from tests.real.injector import injector
from tests.real.pod import PATH, TOKENS, InPlace, container_of, made, run, sidecar, sourced
from tests.real.service_vault import ServiceVault, running_service_vault

pytestmark = pytest.mark.real

BILLING = Service(namespace="shop", name="billing", secrets={"bank": {"token": "t"}})
# Quotes of both kinds, newlines at both places, shell's and JSON's and HTML's signs, control characters, unicode.
NASTY = "a \"b\" 'c' \\d\\\n$HOME `id` $(id) {{ x }} <&> ünïcödé 🔑 \u2028\u0001\ttab\n"
FIELDS = {"password": NASTY, "user-name.x": "grace"}
SHELLS_OWN = {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceVault]:
    with running_service_vault(tmp_path_factory.mktemp("vault"), (ORDERS, BILLING)) as running:
        yield running


@pytest.fixture(scope="module")
def program() -> Path:
    found = injector()
    if found is None:
        pytest.skip("the injector can't be built: no Go here")
    return found


def test_every_file_is_what_was_written(tmp_path: Path, program: Path, vault: ServiceVault) -> None:
    vault.write("shop/orders/mail", FIELDS)
    pod = made(program, vault, ORDERS, INJECTOR)

    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))
    done = run(place)

    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in place.secrets.iterdir()} == set(INJECTOR.files)
    assert json.loads((place.secrets / "mail.json").read_text()) == FIELDS
    assert (place.secrets / "password").read_text() == NASTY
    variables = sourced(place.secrets / "app.env")
    assert variables["MAIL_PASSWORD"] == NASTY
    assert variables["MAIL_USER_NAME_X"] == "grace"


def test_a_field_names_no_variable_but_its_secret_s_own(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", {"path": "/x", "a'; touch pwned; '": "1", "LD\n": "2", "n": 5})
    choice = replace(INJECTOR, files={"app.env": INJECTOR.files["app.env"]})
    pod = made(program, vault, ORDERS, choice)
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))

    assert run(place).returncode == 0
    variables = sourced(place.secrets / "app.env")
    assert {name: variables[name] for name in variables if name.startswith("MAIL_")} == {
        "MAIL_PATH": "/x",
        "MAIL_A___TOUCH_PWNED___": "1",
        "MAIL_LD_": "2",
        "MAIL_N": "5",
    }
    assert variables["PATH"] == PATH
    assert variables.keys() <= {*(n for n in variables if n.startswith("MAIL_")), *SHELLS_OWN}


def test_a_field_that_is_not_there_ends_the_agent(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", {"user": "grace"})
    choice = replace(INJECTOR, files={"password": INJECTOR.files["password"]})
    pod = made(program, vault, ORDERS, choice)
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))

    done = run(place)

    assert done.returncode != 0
    assert "shop/orders/mail has no field password" in done.stdout + done.stderr
    assert list(place.secrets.iterdir()) == []


def test_a_sidecar_picks_up_what_was_rotated(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", {"password": "old"})
    pod = made(program, vault, ORDERS, replace(INJECTOR, refresh_seconds=1))
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))
    assert run(place).returncode == 0
    assert (place.secrets / "password").read_text() == "old"

    with sidecar(place):
        vault.write("shop/orders/mail", {"password": NASTY})
        for _ in range(600):
            if (place.secrets / "password").read_text() == NASTY:
                break
            time.sleep(0.05)

    assert (place.secrets / "password").read_text() == NASTY
    assert json.loads((place.secrets / "mail.json").read_text()) == {"password": NASTY}


def test_every_secret_comes_without_being_named(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", FIELDS)
    vault.write("shop/orders/cloud/invoices", {"bucket": "b"})
    pod = made(program, vault, ORDERS, WorkloadChoice(delivery="injector"))
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))

    assert run(place).returncode == 0
    assert json.loads((place.secrets / "mail.json").read_text()) == FIELDS
    assert json.loads((place.secrets / "cloud-invoices.json").read_text()) == {"bucket": "b"}


def test_a_file_has_its_own_name_where_an_annotation_can_not(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", FIELDS)
    file = SecretFile(owner="shop/orders", secret="mail")
    names = {"Mail.JSON", "mail.json", "a" * 60, "b" * 200}
    pod = made(program, vault, ORDERS, replace(INJECTOR, files=dict.fromkeys(names, file)))
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))

    assert run(place).returncode == 0
    assert {path.name for path in place.secrets.iterdir()} == names


def test_an_init_only_pod_has_no_sidecar(program: Path, vault: ServiceVault) -> None:
    pod = made(program, vault, ORDERS, replace(INJECTOR, mode="init"))

    assert [each["name"] for each in pod["spec"]["containers"]] == ["app"]
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["vault-agent-init"]


def test_only_the_agent_has_the_token(program: Path, vault: ServiceVault) -> None:
    pod = made(program, vault, ORDERS, INJECTOR)

    def mounts(name: str) -> dict[str, str]:
        mounted = container_of(pod, name)["volumeMounts"]
        return {each["name"]: each["mountPath"] for each in mounted}

    assert mounts("app") == {"vault-secrets": "/vault/secrets"}
    for agent in ("vault-agent-init", "vault-agent"):
        assert mounts(agent)["vault-token"] == TOKENS


def test_the_agent_may_do_nothing_else(program: Path, vault: ServiceVault) -> None:
    pod = made(program, vault, ORDERS, INJECTOR)

    for name in ("vault-agent-init", "vault-agent"):
        agent = container_of(pod, name)
        assert agent["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsGroup": 1000,
            "runAsNonRoot": True,
            "runAsUser": 100,
        }
        assert agent["resources"]["requests"] == {"cpu": "25m", "memory": "64Mi"}


def test_another_service_s_pod_is_refused(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    pod = made(program, vault, ORDERS, INJECTOR)
    place = InPlace(tmp_path, vault, pod, vault.token(BILLING))

    path = place.command("vault-agent-init")[-1].removeprefix("-config=")
    method = json.loads(Path(path).read_text())["auto_auth"]["method"]
    with pytest.raises(InvalidRequest, match="invalid subject"):
        vault.client.write_data(
            f"{method['mount_path']}/login",
            data={
                "role": method["config"]["role"],
                "jwt": Path(method["config"]["token_path"]).read_text(),
            },
        )


def test_external_secrets_writes_the_same_env_file(tmp_path: Path, vault: ServiceVault) -> None:
    """Its engine is sprig, which the agent has under names of its own: the same functions, in another program."""
    vault.write("shop/orders/mail", FIELDS)
    theirs = external_secret_template(INJECTOR.files["app.env"], "app.env")
    functions = r"\b(fromJson|upper|toString|replace|regexReplaceAll)\b"
    ours = re.sub(functions, r"sprig_\1", theirs)
    assert ours.count("sprig_") == 5
    given = '{{ with sprig_dict "app.env" (.Data.data | toJSON) }}'
    template = (
        f'{{{{ with secret "kv/data/shop/orders/mail" }}}}{given}{ours}{{{{ end }}}}{{{{ end }}}}'
    )
    (tmp_path / "token").write_text(vault.client.token)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "token")}}
    configuration = {
        "vault": {"address": vault.access.address, "ca_cert": str(vault.ca_file)},
        "auto_auth": [{"method": [method]}],
        "exit_after_auth": True,
        "template": [{"contents": template, "destination": str(tmp_path / "app.env")}],
    }
    (tmp_path / "agent.json").write_text(json.dumps(configuration))

    subprocess.run(
        [bao(), "agent", f"-config={tmp_path / 'agent.json'}"],
        env={"HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        timeout=60,
    )

    variables = sourced(tmp_path / "app.env")
    assert variables["MAIL_PASSWORD"] == NASTY
    assert variables["MAIL_USER_NAME_X"] == "grace"


def test_an_application_shows_what_it_was_given(
    tmp_path: Path, program: Path, vault: ServiceVault
) -> None:
    vault.write("shop/orders/mail", FIELDS)
    pod = made(program, vault, ORDERS, INJECTOR)
    place = InPlace(tmp_path, vault, pod, vault.token(ORDERS))
    assert run(place).returncode == 0

    digest = hashlib.sha256(NASTY.encode()).hexdigest()
    size = len(NASTY.encode())
    assert shown(place.secrets, tmp_path / "shown") >= {
        f"mail.json password {size} {digest}",
        f"app.env MAIL_PASSWORD {size} {digest}",
        f"password - {size} {digest}",
    }
