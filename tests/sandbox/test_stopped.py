"""What is said after the engine has stopped. The lines are the engine's own."""

import pytest

from sandbox.stopped import legible, paragraph

_TLS = "[mandatory] [severity: critical]  listeners-speak-tls  (kubernetes:helm.sh/v3:Release: server-release)"
_DIFF = f"""\
  pulumi:pulumi:Stack: (same)
    [urn=urn:pulumi:cluster::strongroom::pulumi:pulumi:Stack::strongroom-cluster]
    strongroom@v1.0.0 {_TLS}Every listener speaks TLS 1.2 or later.
values.server.ha.raft.config: listener 1 has tls_disable.
    strongroom@v1.0.0 {_TLS}Every listener speaks TLS 1.2 or later.
values.server.ha.raft.config: listener 2 has tls_disable.
    strongroom@v1.0.0 [advisory] [severity: high]  exceptions-hold  (pulumi:pulumi:Stack: strongroom-cluster)Every one.
    strongroom@v1.0.0 [mandatory] [severity: high]  key-rotates  (aws:kms:Key: cloud-seal-key)A key rotates.
error: preview failed
Resources:
    ~ 1 to update
"""
_LISTED = """\
    pulumi:pulumi:Stack strongroom-local running error: update failed
    pulumi:pulumi:Stack strongroom-local **failed** 1 error
Policies:
    ❌ strongroom@v1.0.0 (local: policies)
        - [mandatory] [severity: medium]  token-ttl-is-short  (vault:jwt:AuthBackendRole: role-svc-shop.orders)
          No login's token lives longer than the limits.
        - [mandatory] [severity: medium]  token-ttl-is-short  (vault:jwt:AuthBackendRole: role-svc-blog.web)
          No login's token lives longer than the limits.
        - [mandatory] [severity: medium]  token-ttl-is-short  (vault:jwt:AuthBackendRole: role-svc-shop.billing)
          No login's token lives longer than the limits.
        - [mandatory] [severity: high]  mount-is-protected  (vault:index:Mount: kv-mount)
          The engine refuses to delete a mount.
        - [mandatory] [severity: high]  mount-is-protected  (vault:jwt:AuthBackend: login-mount)
          The engine refuses to delete a mount.
"""
_CHANGED = (
    "what is listed above was changed all the same; mend it and run make up STACK=cluster again"
)


def _said(text: str, before: str = "") -> list[str]:
    lines = text.splitlines(keepends=True)
    whole = [*before.splitlines(keepends=True), *lines]
    return list(paragraph(lines, whole, "make up STACK=cluster"))


def test_each_policy_that_stops_a_preview_is_named_once_and_advice_is_not() -> None:
    assert _said(_DIFF) == [
        "stopped by 2 policies: key-rotates at cloud-seal-key, listeners-speak-tls at server-release"
    ]


def test_many_resources_of_one_policy_are_counted() -> None:
    [line] = _said(_LISTED)

    assert line == (
        "stopped by 2 policies: mount-is-protected at kv-mount and login-mount,"
        " token-ttl-is-short at role-svc-blog.web and 2 more"
    )


def test_one_policy_is_one() -> None:
    [line] = _said("".join(_LISTED.splitlines(keepends=True)[:6]))

    assert line == "stopped by 1 policy: token-ttl-is-short at role-svc-shop.orders"


@pytest.mark.parametrize(
    "line",
    [
        " ~  vault:index:Policy svc-blog.web updated (0.53s) [diff: ~policy]",
        " +  aws:iam:AccessKey cloud-bulk.s100.a-key-691 created (0.28s)",
        " -  aws:iam:AccessKey cloud-bulk.s100.a-key-691 deleted (0.28s)",
        " ++ vault:index:Policy svc-blog.web created replacement (0.01s)",
        " +  pulumi-python:dynamic/strongroom:Owned bootstrap-owned created (9s)",
    ],
)
def test_what_was_changed_before_it_stopped_is_said_even_of_an_earlier_run(line: str) -> None:
    assert _said(f"{line}\n{_LISTED}")[1:] == [_CHANGED]
    assert _said(_LISTED, before=f"{line}\n")[1:] == [_CHANGED]
    # A provider's error stops it likewise, and no policy does.
    assert _said(f"{line}\nerror: update failed\n") == [_CHANGED]


@pytest.mark.parametrize(
    "line",
    [
        " ~  vault:index:Policy svc-blog.web updating (0s) [diff: ~policy]",
        " +  vault:index:Policy svc-blog.web creating (0s) error: refused",
        " +  vault:index:Policy svc-blog.web **creating failed** error: refused",
        " +  strongroom:access:Services services created",
        " +  pulumi:pulumi:Stack strongroom-local created (18s)",
        "    vault:index:Policy svc-blog.web",
    ],
)
def test_what_was_only_begun_or_is_nothing_outside_the_state_was_not_changed(line: str) -> None:
    assert _said(f"{line}\nerror: update failed\n") == []


def test_a_finding_s_resource_and_its_title_stand_apart() -> None:
    lines = _DIFF.splitlines()

    assert legible(lines[-4]).endswith("(aws:kms:Key: cloud-seal-key) A key rotates.")
    assert [legible(line) for line in lines if "severity" not in line] == [
        line for line in lines if "severity" not in line
    ]
    for line in _LISTED.splitlines(keepends=True):
        assert legible(line) == line
