"""Tables of the rules over containers; tests/policies/test_rules.py holds the rules against them."""

import pytest

from policies.framework.properties import Properties
from policies.rules.kubernetes import pods
from policies.rules.kubernetes.containers import is_pinned
from tests.policies.case import ABSENT, Case, Change
from tests.policies.rules.kubernetes.samples import deployment, release

SERVER, INJECTOR = "values.server", "values.injector"
SECURITY = f"{SERVER}.statefulSet.securityContext"
SIDECAR = f"{SERVER}.extraContainers.0"
POD = "spec.template.spec"

CASES = [
    Case(
        rule=pods.images_are_pinned,
        compliant=[release()],
        breakages={
            "none": Change(f"{SERVER}.image.tag", ABSENT),
            "empty": Change(f"{SERVER}.image.tag", ""),
            "latest": Change(f"{SERVER}.image.tag", "latest"),
            "a sidecar's": Change(f"{SIDECAR}.image", "hashicorp/vault"),
            "the injector's": Change(f"{INJECTOR}.image.tag", "latest"),
            "the agents'": Change(f"{INJECTOR}.agentImage.tag", "latest"),
        },
    ),
    Case(
        rule=pods.images_are_pinned,
        compliant=[deployment()],
        breakages={"none": Change(f"{POD}.containers.0.image", "registry:5000/unseal")},
    ),
    Case(
        rule=pods.containers_ask_for_resources,
        compliant=[release()],
        breakages={
            "no cpu": Change(f"{SERVER}.resources.requests.cpu", ABSENT),
            "no limit": Change(f"{SERVER}.resources.limits.memory", ABSENT),
            "nothing": Change(f"{SERVER}.resources", ABSENT),
            "a sidecar's": Change(f"{SIDECAR}.resources.requests", ABSENT),
            "the injector's": Change(f"{INJECTOR}.resources.requests.memory", ABSENT),
        },
    ),
    Case(
        rule=pods.containers_ask_for_resources,
        compliant=[deployment()],
        breakages={"no memory": Change(f"{POD}.containers.0.resources.requests.memory", ABSENT)},
    ),
    Case(
        rule=pods.containers_run_as_non_root,
        compliant=[release()],
        breakages={
            "off": Change(f"{SECURITY}.pod.runAsNonRoot", value=False),
            "not said": Change(f"{SECURITY}.pod.runAsNonRoot", ABSENT),
            "off for a sidecar": Change(f"{SIDECAR}.securityContext.runAsNonRoot", value=False),
            "the injector": Change(f"{INJECTOR}.securityContext.pod.runAsNonRoot", value=False),
        },
    ),
    Case(
        rule=pods.containers_run_as_non_root,
        compliant=[deployment()],
        breakages={"not said": Change(f"{POD}.securityContext", ABSENT)},
    ),
    Case(
        rule=pods.containers_gain_no_privileges,
        compliant=[release()],
        breakages={
            "privileged": Change(f"{SECURITY}.container.privileged", value=True),
            "escalates": Change(f"{SECURITY}.container.allowPrivilegeEscalation", ABSENT),
            "keeps some": Change(f"{SECURITY}.container.capabilities.drop", ["NET_RAW"]),
            "adds one": Change(f"{SECURITY}.container.capabilities.add", ["IPC_LOCK"]),
            "a sidecar": Change(f"{SIDECAR}.securityContext", ABSENT),
        },
    ),
    Case(
        rule=pods.containers_gain_no_privileges,
        compliant=[deployment()],
        breakages={
            "privileged": Change(f"{POD}.containers.0.securityContext.privileged", value=True)
        },
    ),
    Case(
        rule=pods.pods_stay_off_their_node,
        compliant=[deployment()],
        breakages={
            "network": Change(f"{POD}.hostNetwork", value=True),
            "processes": Change(f"{POD}.hostPID", value=True),
            "files": Change(f"{POD}.volumes.0.hostPath", {"path": "/"}),
        },
    ),
]


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("vault", False),
        ("vault:latest", False),
        ("registry:5000/vault", False),
        ("vault:2.0.4", True),
        ("registry:5000/vault:2.0.4", True),
        ("vault@sha256:0123", True),
        (None, False),
        (Properties({"repository": "vault"}), False),
        (Properties({"repository": "vault", "tag": "2.0.4"}), True),
    ],
)
def test_an_image_is_pinned_by_a_tag_or_a_digest(image: object, pinned: bool) -> None:
    assert is_pinned(image) is pinned
