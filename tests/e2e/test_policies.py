"""Bad stacks, each stopped in the real engine's preview by the rule that is about it, and by no other.

Most are a small Vault (tests/policies/vault.py) or what stands in a Kubernetes cluster, with one field broken; the
others are this project's own program with one setting, catalogue entry or line broken.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from acl.grants import service_acl
from policies.framework.properties import secret
from policies.rules.vault.bearers import KUBERNETES
from tests.e2e.scratch import CHECKOUT, Scratch
from tests.policies.case import ABSENT, Change, Sample, changed
from tests.policies.rules.cloud.samples import aws_key
from tests.policies.rules.kubernetes import test_objects as objects
from tests.policies.rules.kubernetes.samples import CONFIGURATION, deployment, release
from tests.policies.vault import MAIL, ORDERS, ROLE, VAULT, granted, kept, service, without
from tests.sandbox.plugins.stack import Stack, running

pytestmark = [pytest.mark.e2e]

MARK = "secret!"
"""As raw_program.py reads it."""
_REFUSED = re.compile(r"\[mandatory\]\s+\[severity: \w+\]\s+([\w-]+)\s+\(([^)]+)\)")
_SECRET_KEY = next(iter(secret("")))


def refused(output: str) -> set[tuple[str, str]]:
    """Give rule and resource of each finding that stops, as the engine printed it."""
    return {(rule, of.rpartition(": ")[2]) for rule, of in _REFUSED.findall(output)}


def listed(samples: list[Sample]) -> list[dict[str, Any]]:
    return [
        {
            "type": each.type,
            "name": each.name,
            "inputs": _marked(each.inputs),
            "protect": each.protect,
        }
        for each in samples
    ]


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _SECRET_KEY in value:
            return f"{MARK}{value['value']}"
        return {key: _marked(each) for key, each in value.items()}
    return [_marked(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("small")
    with running(CHECKOUT / "tests" / "e2e" / "raw_program.py", folder, {}) as made:
        yield made


_PACK = ("preview", "--policy-pack", str(CHECKOUT / "policies"))

# The cluster itself is a dynamic resource, which only the whole program has.
SMALL = [
    *without("owned"),
    *service("shop/billing"),
    kept("shop/orders/other"),
]
BOUND = [
    *[each for each in SMALL if each.name != ROLE],
    Sample(
        type=KUBERNETES,
        name=ROLE,
        inputs={
            "backend": "kubernetes",
            "roleName": "svc-shop.orders",
            "boundServiceAccountNames": ["orders"],
            "boundServiceAccountNamespaces": ["shop"],
            "audience": "vault",
            "tokenPolicies": ["svc-shop.orders"],
            "tokenTtl": 600,
            "tokenMaxTtl": 600,
        },
    ),
]
BILLING = service_acl("kv", "shop/billing")

_RELEASE = release()
CLUSTER = [
    replace(
        _RELEASE,
        inputs={**_RELEASE.inputs, "repositoryOpts": {"repo": "https://charts.example.com"}},
    ),
    deployment(),
    replace(objects.SERVICE, name="service"),
    replace(objects.SECRET, name="kept"),
    replace(objects.ACCOUNT, name="account"),
    replace(objects.NAMESPACE, name="namespace"),
    replace(objects.ROLE, name="reader"),
]


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One field of a small stack."""

    change: Change
    rule: str
    of: str | None = None
    """The resource that is named; None: the one that was changed."""
    stack: tuple[Sample, ...] = tuple(SMALL)


SMALL_ONES = [
    Bad(
        change=Change("policy", granted("*", "read", "sudo"), of=ORDERS),
        rule="acl-is-not-root-like",
    ),
    Bad(
        change=Change("policy", granted("kv/data/+/orders/mail", "deny"), of=ORDERS),
        rule="acl-denies-hold",
    ),
    Bad(
        change=Change("policy", granted("sys/policies/acl/team-*", "update"), of=ORDERS),
        rule="administrators-are-listed",
        of=ROLE,
    ),
    Bad(
        change=Change("boundServiceAccountNamespaces", ["*"], of=ROLE),
        rule="role-is-bound-to-no-wildcard",
        stack=tuple(BOUND),
    ),
    Bad(change=Change("boundAudiences", ABSENT, of=ROLE), rule="jwt-role-has-an-audience"),
    Bad(change=Change("tokenMaxTtl", ABSENT, of=ROLE), rule="token-expires"),
    Bad(change=Change("tokenBoundCidrs", ABSENT, of="ada"), rule="person-has-networks"),
    Bad(
        change=Change("tokenPolicies", ["svc-shop.orders", "svc-shop.order"], of=ROLE),
        rule="borne-acl-exists",
    ),
    Bad(
        change=Change("policy", service_acl("kv", "shop/order"), of=ORDERS),
        rule="service-reads-what-is-its-own",
        of=ROLE,
    ),
    Bad(change=Change("name", MAIL, of="shop/orders/other"), rule="secret-is-written-once"),
    # What the plugin knows to be secret it marks itself; what it can't know is what people write elsewhere.
    Bad(
        change=Change("description", "ask with hvs." + 24 * "a", of="kv"),
        rule="secret-input-is-marked",
    ),
    Bad(
        change=Change("tokenPolicies", ["team-administrators", "root"], of="ada"),
        rule="nobody-bears-root",
    ),
    Bad(
        change=Change("auditNonHmacRequestKeys", ["password"], of="kv"),
        rule="audit-log-hides-values",
    ),
]

_RAFT = "values.server.ha.raft.config"
CLUSTER_ONES = [
    Bad(change=change, rule=rule, stack=tuple(CLUSTER))
    for change, rule in (
        (Change("values.server.ha.replicas", 4, of="release"), "servers-form-a-quorum"),
        (
            Change(_RAFT, CONFIGURATION.replace('"tls12"', '"tls11"'), of="release"),
            "listeners-speak-tls",
        ),
        (Change("values.server.image.tag", "latest", of="release"), "images-are-pinned"),
        (Change("values.server.auditStorage", ABSENT, of="release"), "audit-has-a-volume"),
        (Change("spec.type", "NodePort", of="service"), "services-are-internal"),
        (
            Change("type", "kubernetes.io/service-account-token", of="kept"),
            "no-token-lives-for-ever",
        ),
        (Change("rules.0.verbs", ["*"], of="reader"), "nobody-is-cluster-admin"),
        (
            Change("spec.template.spec.securityContext", ABSENT, of="deployment"),
            "containers-run-as-non-root",
        ),
    )
]


def test_a_small_stack_passes(stack: Stack) -> None:
    for samples in (SMALL, BOUND, CLUSTER):
        stack.declare(listed(samples))
        assert refused(stack.pulumi(*_PACK)) == set()


LATE = replace(objects.SERVICE, name="late")
"""As raw_program.py reads it."""


def test_before_vault_has_an_address_its_stack_is_judged_by_what_is_declared(stack: Stack) -> None:
    stack.declare(listed([LATE, *SMALL]))
    assert refused(stack.pulumi(*_PACK)) == set()

    stack.declare(listed([LATE, *changed(SMALL, Change("name", MAIL, of="shop/orders/other"))]))
    assert refused(stack.failed(*_PACK)) == {("secret-is-written-once", "shop/orders/other")}


@pytest.mark.parametrize("bad", [*SMALL_ONES, *CLUSTER_ONES], ids=lambda bad: bad.rule)
def test_a_small_stack_with_one_field_broken_is_stopped(stack: Stack, bad: Bad) -> None:
    stack.declare(listed(changed(list(bad.stack), bad.change)))

    output = stack.failed(*_PACK)

    assert refused(output) == {(bad.rule, bad.of or bad.change.of)}
    assert "Cure: " in output


def test_what_is_switched_to_remediate_is_put_right_and_said(stack: Stack) -> None:
    rotating = aws_key("rotating")
    key = changed([rotating], Change("enableKeyRotation", value=False))
    account = changed(
        [replace(objects.ACCOUNT, name="account")], Change("automountServiceAccountToken", ABSENT)
    )
    stack.declare(listed([*key, *account]))
    tuned = stack.folder / "tuned.json"
    # Holding the account to a list would ask AWS, in a preview, too.
    levels = {"key-rotates": "remediate", "tokens-are-not-mounted-unasked": "remediate"}
    tuned.write_text(json.dumps({**levels, "provider-names-its-account": "disabled"}))

    assert refused(stack.failed(*_PACK)) == {
        ("provider-names-its-account", "aws"),
        ("key-rotates", "rotating"),
        ("tokens-are-not-mounted-unasked", "account"),
    }
    remedied = (*_PACK, "--policy-pack-config", str(tuned))
    said = stack.pulumi(*remedied)
    assert refused(said) == set()
    assert set(re.findall(r"\[remediate\]\s+([\w-]+)", said)) == {
        "key-rotates",
        "tokens-are-not-mounted-unasked",
    }
    planned = json.loads(stack.pulumi(*remedied, "--json"))["steps"]
    inputs = {step["urn"].rpartition("::")[2]: step["newState"].get("inputs") for step in planned}
    assert inputs["rotating"] == rotating.inputs
    assert inputs["account"]["automountServiceAccountToken"] is False


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One thing of this project's own program."""

    how: Callable[[Scratch], None]
    rule: str
    of: str


def _line(file: str, before: str, after: str) -> Callable[[Scratch], None]:
    def change(scratch: Scratch) -> None:
        path = scratch.path / file
        text = path.read_text()
        assert text.count(before) == 1, f"{file} has {before!r} {text.count(before)} times"
        path.write_text(text.replace(before, after))

    return change


def _setting(part: str, **given: Any) -> Callable[[Scratch], None]:
    def change(scratch: Scratch) -> None:
        path = scratch.path / "Pulumi.local.yaml"
        document = yaml.safe_load(path.read_text())
        values = document["config"].setdefault(f"strongroom:{part}", {})
        values.update(given)
        path.write_text(yaml.safe_dump(document))

    return change


def _shared_by_many(scratch: Scratch) -> None:
    for number in range(11):
        scratch.service(
            f"many/s{number}",
            secrets={"mail": {"password": {"config": "mailPassword"}}},
            shares={"mail": ["shop/billing"]},
        )


OWN = [
    Broken(
        how=_setting("access", tokenTtlSeconds=7200),
        rule="token-ttl-is-short",
        of="role-svc-shop.orders",
    ),
    Broken(
        how=_setting("account", name="another"),
        rule="administrators-are-listed",
        of="bootstrap-owned",
    ),
    Broken(
        how=_shared_by_many,
        rule="service-reads-little",
        of="role-svc-shop.billing",
    ),
    Broken(
        how=_line(
            "acl/grants.py",
            'rule("sys/seal-status", "read")',
            'rule("sys/seal", "update", "sudo")',
        ),
        rule="acl-keeps-off-break-glass",
        of="team-administrators",
    ),
    Broken(
        how=_line("components/engines/key_value.py", "max_versions=_VERSIONS", "max_versions=1"),
        rule="key-value-versions-are-limited",
        of="kv-mount",
    ),
    Broken(
        how=_line(
            "components/cloud/aws/rotating_key.py",
            "enable_key_rotation=True",
            "enable_key_rotation=False",
        ),
        rule="key-rotates",
        of="cloud-custody-key",
    ),
    Broken(
        how=_line(
            "components/cloud/aws/documents.py",
            'actions = ["s3:GetObject"]',
            'actions = ["s3:*"]',
        ),
        rule="actions-are-named",
        of="cloud-shop.orders.invoices-even-grant",
    ),
]


@pytest.fixture(scope="module")
def own(scratch: Scratch) -> Scratch:
    """Prepare the program, whose preview finds nothing, and keep what it is as it is."""
    ran = scratch.sandbox("preview")
    assert ran.code == 0, ran.output
    assert refused(ran.output) == set()
    return scratch


@pytest.mark.parametrize("broken", OWN, ids=lambda broken: broken.rule)
def test_the_program_with_one_thing_broken_is_stopped(
    own: Scratch, broken: Broken, tmp_path: Path
) -> None:
    kept_back = ("acl", "catalog", "components", "Pulumi.local.yaml")
    for name in kept_back:
        _copy(own.path / name, tmp_path / name)
    try:
        broken.how(own)
        ran = own.sandbox("preview")
    finally:
        for name in kept_back:
            _copy(tmp_path / name, own.path / name)

    assert ran.code != 0, ran.output
    found = refused(ran.output)
    assert {rule for rule, _ in found} == {broken.rule}
    assert broken.of in {of for _, of in found}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def test_there_are_twenty_and_more() -> None:
    assert len(SMALL_ONES) + len(CLUSTER_ONES) + len(OWN) == 28
    assert json.dumps(listed(SMALL))
    assert VAULT[0].name == "owned"
