"""The whole way, against real servers and the emulator."""

from dataclasses import replace
from pathlib import Path

import pytest

from custody.account import Mounts
from custody.bootstrap import STEPS, bootstrap, check, update
from custody.request import AwsCustody
from custody.secret import Secret
from tests.real.cluster import Cluster
from tests.real.fixtures import OwnedCluster
from tests.real.inside import bucket_names, look_inside
from tests.real.request import ACL, request_for

pytestmark = pytest.mark.real


def test_three_nodes_go_from_empty_to_owned_and_stay_so(
    three_nodes: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = replace(request_for(three_nodes.address, place, tmp_path / "custody"), raft_servers=3)
    steps: list[tuple[str, str]] = []

    owned = bootstrap(request, lambda step, when: steps.append((step, when)))

    assert [step for step, when in steps if when == "after" and step != "look"] == list(STEPS)
    assert check(request).as_declared
    assert check(request).cluster_id == owned.cluster_id
    assert bucket_names(request) == {
        **{f"vault-recovery-{i}": True for i in range(5)},
        "strongroom-intent": True,
        "strongroom-owner": True,
        "strongroom-envelope": False,
    }
    assert list((tmp_path / "custody").iterdir()) == []
    inside = look_inside(request)
    assert inside.root_tokens == 0
    assert inside.accounts == ("strongroom",)
    assert inside.account["token_bound_cidrs"] == ["127.0.0.1"]
    assert inside.account["token_policies"] == ["strongroom"]
    assert (inside.account["token_ttl"], inside.account["token_max_ttl"]) == (1200, 3600)
    assert inside.mount["config"]["user_lockout_config"]["user_lockout_disable"]
    assert inside.autopilot["cleanup_dead_servers"] is True
    assert inside.autopilot["min_quorum"] == 3

    steps.clear()
    three_nodes.stop(2)
    assert bootstrap(request, lambda step, when: steps.append((step, when))) == owned
    assert {step for step, _ in steps} == {"look", "check the account"}


def test_a_changed_account_is_written_with_a_minted_token(owned: OwnedCluster) -> None:
    request = owned.request
    changed = replace(
        request,
        account=replace(
            request.account,
            password=Secret("another-password-of-the-account"),
            acl=ACL.replace('"delete"', '"list"'),
            cidrs=("127.0.0.0/8",),
        ),
    )
    assert not check(changed).as_declared

    assert update(changed) == bootstrap(changed)

    assert check(changed).as_declared
    status = check(request)
    assert not status.as_declared
    assert "refused" in status.reason
    inside = look_inside(changed)
    assert inside.account["token_bound_cidrs"] == ["127.0.0.0/8"]
    assert inside.root_tokens == 0
    assert inside.acl == changed.account.acl

    update(request)
    assert look_inside(request).acl == ACL


def test_drift_of_the_acl_is_seen_and_repaired(owned: OwnedCluster) -> None:
    request = owned.request
    wider = replace(
        request,
        account=replace(request.account, acl=ACL + 'path "sys/mounts/x" {capabilities=["read"]}'),
    )
    update(wider)

    status = check(request)
    assert not status.as_declared
    assert "'sys/mounts/x'" in status.reason

    bootstrap(request)
    assert check(request).as_declared
    assert look_inside(request).acl == ACL


def test_the_acl_of_an_update_may_depend_on_what_is_mounted(owned: OwnedCluster) -> None:
    seen: list[Mounts] = []

    def acl_for(mounts: Mounts) -> str:
        seen.append(mounts)
        return ACL.replace('"delete"', '"list"')

    update(owned.request, acl_for=acl_for)

    assert look_inside(owned.request).acl == ACL.replace('"delete"', '"list"')
    [mounts] = seen
    assert mounts.methods["strongroom"] == "userpass"
    assert mounts.methods["token"] == "token"
    assert mounts.engines["sys"] == "system"
    bootstrap(owned.request)
