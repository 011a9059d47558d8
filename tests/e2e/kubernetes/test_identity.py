"""The seal proven as Vault's ServiceAccount: its token by this cluster's API server, and a pod of its own.

The emulator's STS verifies neither signature nor trust. So the role's trust, as the emulator's IAM keeps it, is held
against what the API server wrote into each token. No EKS is here: the pod has the emulator's keys from a Secret
instead of what the agent of Pod Identity would hand it.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.config import kube_config

from components.cloud.aws.cloud import AwsCloud
from components.custody_place import custody_of
from components.server import seal_proof
from components.server.address import reached_cluster
from components.server.contract import Flavour
from components.server.pods import Image, Pods, PodSeal
from custody.errors import CustodyError
from custody.request import AwsCustody
from custody.store import custody_at
from reach import pods as reach_pods
from reach.job import run_job
from reach.pods import Pods as Reach
from reach.pods import core
from reach.token import service_account_token
from sandbox.kinds.pods import ClusterPods
from sandbox.layout import Layout
from tests.components.cloud.aws.world import ACCOUNT, Call, World, answers, arguments
from tests.conftest import Declare
from tests.e2e.kubernetes.scratch import until
from tests.real.emulator import REGION, Emulator, custody_place, running_emulator
from tests.real.leaks import leaked

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]

SPACE, ELSEWHERE = "strongroom-identity", "strongroom-identity-elsewhere"
AUDIENCE = "sts.amazonaws.com"
ROLE = "strongroom-dev-vault"
Server = tuple[Flavour, Image]
OPENBAO: Server = ("openbao", Image(repository="openbao/openbao", tag="2.6.2"))
VAULT: Server = ("vault", Image(repository="hashicorp/vault", tag="1.19.0"))
SERVERS = pytest.mark.parametrize("of", [OPENBAO, VAULT], ids=["openbao", "vault"])


@pytest.fixture(scope="module", autouse=True)
def _spaces() -> Iterator[None]:
    """Two namespaces; in one, Vault's ServiceAccount and another."""
    api = core(None)
    for space, accounts in ((SPACE, ("vault", "other")), (ELSEWHERE, ("vault",))):
        api.create_namespace({"metadata": {"name": space}})
        for account in accounts:
            api.create_namespaced_service_account(space, {"metadata": {"name": account}})
    yield
    for space in (SPACE, ELSEWHERE):
        api.delete_namespace(space)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give this machine's address as pods reach it."""
    layout = Layout(checkout=tmp_path_factory.mktemp("layout"), stack="cluster")
    return ClusterPods(layout).emulator_addresses[1]


@pytest.fixture(scope="module")
def emulator(host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    directory = tmp_path_factory.mktemp("emulator")
    with running_emulator(directory, ("127.0.0.1", host)) as running:
        yield running


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


@dataclass(frozen=True, kw_only=True)
class Account:
    """The emulator's account with the servers' role in it, as the program declares it for this cluster."""

    emulator: Emulator
    issuer: str
    properties: dict[str, Any]
    """The bootstrap's, as far as they tell how the seal is proven."""

    def trusts(self, token: str) -> bool:
        """Whether the role's trust, as IAM has it, gives the role to who holds this token."""
        stored = self.emulator.client("iam").get_role(RoleName=ROLE)["Role"]
        said = claims(token)
        assert said["iss"] == f"https://{self.issuer}"
        [audience] = said["aud"]
        world = World(
            identities={}, trusts={ROLE: stored["AssumeRolePolicyDocument"]}, buckets={}, keys={}
        )
        provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.issuer}"}
        context = {f"{self.issuer}:aud": audience, f"{self.issuer}:sub": said["sub"]}
        action = "sts:AssumeRoleWithWebIdentity"
        call = Call(principal="", action=action, resource="", context=context)
        return world.hands_out(ROLE, provider, call)


@pytest.fixture
def account(declare: Declare, emulator: Emulator) -> Iterator[Account]:
    issued = claims(service_account_token(None, SPACE, "vault", AUDIENCE))
    issuer = issued["iss"].removeprefix("https://")
    declared = declare(
        lambda: AwsCloud("cloud", arguments(namespace=SPACE, oidc_provider=issuer)),
        outputs=answers,
    )
    [role] = [each for each in declared.all("aws:iam/role:Role") if each.inputs["name"] == ROLE]
    iam = emulator.client("iam")
    trust = role.inputs["assumeRolePolicy"]
    made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    place = replace(custody_place(emulator), seal_role=made["Role"]["Arn"])
    beside = ("seal_token", "seal_credentials", "seal_proof")
    yield Account(
        emulator=emulator,
        issuer=issuer,
        properties={
            "custody": {key: value for key, value in asdict(place).items() if key not in beside},
            "reach": asdict(Reach(context=None, namespace=SPACE, names=("vault-0",))),
            "seal_proof": {"token": {"service_account": "vault", "audience": AUDIENCE}},
        },
    )
    iam.delete_role(RoleName=ROLE)


def test_the_token_of_vault_s_service_account_takes_the_role_that_makes_the_three_calls(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever runs the program has no AWS credentials at all.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    place = custody_of(account.properties)
    custody_at(place).prove_seal()

    assert isinstance(place, AwsCustody)
    assert place.seal_token is not None
    token = place.seal_token().reveal()
    assert account.trusts(token)
    said = claims(token)
    assert said["sub"] == f"system:serviceaccount:{SPACE}:vault"
    assert said["exp"] - said["iat"] <= 600
    assert token not in repr(place)


@pytest.mark.parametrize(
    ("space", "name", "audience"),
    [(SPACE, "other", AUDIENCE), (ELSEWHERE, "vault", AUDIENCE), (SPACE, "vault", "vault")],
)
def test_the_role_trusts_no_other_service_account_and_no_other_audience(
    account: Account, space: str, name: str, audience: str
) -> None:
    assert not account.trusts(service_account_token(None, space, name, audience))


def test_a_service_account_that_is_not_there_is_named(account: Account) -> None:
    proof = {"token": {"service_account": "nobody", "audience": AUDIENCE}}

    with pytest.raises(CustodyError) as refused:
        custody_at(custody_of({**account.properties, "seal_proof": proof})).prove_seal()

    assert str(refused.value).startswith(f"the cluster has no ServiceAccount {SPACE}/nobody; see `")


def test_whoever_may_not_ask_for_the_token_is_told_what_to_grant(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    config = yaml.safe_load(Path(source).read_text())
    # For the API server, which is its own tokens' audience.
    own = service_account_token(None, SPACE, "other", f"https://{account.issuer}")
    [cluster] = config["clusters"]
    config["users"].append({"name": "other", "user": {"token": own}})
    config["contexts"].append(
        {"name": "as-other", "context": {"cluster": cluster["name"], "user": "other"}}
    )
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    reach = {**account.properties["reach"], "context": "as-other"}

    with pytest.raises(CustodyError) as refused:
        custody_at(custody_of({**account.properties, "reach": reach})).prove_seal()

    said = str(refused.value)
    assert f"refuses a token of ServiceAccount {SPACE}/vault (403" in said
    assert said.endswith(
        f"; let whoever runs this create serviceaccounts/token in namespace {SPACE}"
    )
    assert leaked(refused.value, [own]) == []


def manifest(emulator: Emulator, host: str, of: Server, key: str) -> dict[str, Any]:
    """Give the Job for this key; the emulator's keys lie in the Secret that the servers' would."""
    flavour, image = of
    port = emulator.endpoint.rpartition(":")[2]
    return seal_proof.proof_job(
        Pods(flavour=flavour, image=image, namespace=SPACE),
        PodSeal(
            kind="awskms",
            parameters={"region": REGION, "kms_key_id": key, "endpoint": f"http://{host}:{port}"},
            secret_environment=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ),
    )


@pytest.fixture(scope="module")
def _keys(emulator: Emulator) -> None:
    body = {"metadata": {"name": "vault-seal"}, "stringData": dict(emulator.environment)}
    core(None).create_namespaced_secret(SPACE, body)


def proven(job: dict[str, Any]) -> None:
    """Prove the seal by this Job as the bootstrap does."""
    place = {
        "region": REGION, "bucket": "b", "prefix": "", "custody_key": "c", "seal_key": "s",
        "writer_role": "w", "reader_role": "r",
    }  # fmt: skip
    reach = asdict(Reach(context=None, namespace=SPACE, names=("vault-0",)))
    found = custody_of({"custody": place, "reach": reach, "seal_proof": {"job": json.dumps(job)}})
    custody_at(found).prove_seal()


def left() -> int:
    """Give how many Jobs and pods of Jobs there are."""
    batch = client.BatchV1Api(core(None).api_client)
    pods = core(None).list_namespaced_pod(SPACE, label_selector="component=seal-proof").items
    return len(batch.list_namespaced_job(SPACE).items) + len(pods)


@pytest.mark.usefixtures("_keys")
@SERVERS
def test_a_pod_proves_the_seal_key_and_is_gone(of: Server, emulator: Emulator, host: str) -> None:
    proven(manifest(emulator, host, of, custody_place(emulator).seal_key))

    until("neither Job nor pod is left", lambda: left() == 0)


@pytest.mark.usefixtures("_keys")
@SERVERS
def test_a_pod_that_can_not_use_the_key_says_why_in_one_line_and_is_gone(
    of: Server, emulator: Emulator, host: str
) -> None:
    wrong = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"

    with pytest.raises(CustodyError) as refused:
        proven(manifest(emulator, host, of, wrong))

    said = str(refused.value)
    assert f"a pod of ServiceAccount {SPACE}/vault can't use the seal key: the server does" in said
    assert "NotFoundException" in said
    assert said.endswith("see the key's state, region and ARN")
    assert "\n" not in said
    until("neither Job nor pod is left", lambda: left() == 0)


@pytest.mark.usefixtures("_keys")
def test_what_a_killed_run_left_is_no_hindrance(emulator: Emulator, host: str) -> None:
    job = manifest(emulator, host, OPENBAO, custody_place(emulator).seal_key)
    older = json.loads(json.dumps(job))
    older["spec"]["template"]["spec"]["containers"][0]["command"] = ["/bin/sh", "-c", "sleep 150"]
    client.BatchV1Api(core(None).api_client).create_namespaced_job(SPACE, older)
    until("its pod is there", lambda: left() == 2)

    assert run_job(None, job, 60) is None

    until("neither Job nor pod is left", lambda: left() == 0)


@pytest.mark.usefixtures("_keys")
def test_a_pod_that_never_starts_is_not_waited_for_without_end(
    emulator: Emulator, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere: Server = ("openbao", Image(repository="nowhere.invalid/openbao", tag="2.6.2"))
    job = manifest(emulator, host, nowhere, custody_place(emulator).seal_key)
    monkeypatch.setattr(seal_proof, "PATIENCE_SECONDS", 5.0)

    with pytest.raises(CustodyError, match=r"has not ended after 5 s: (ErrImage|ImagePull).*; see"):
        proven(job)

    until("neither Job nor pod is left", lambda: left() == 0)


def test_a_server_that_ends_at_once_has_the_proof_say_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(reach_pods._GIVE_UP, "CrashLoopBackOff", 0.0)
    container = {
        "name": "vault", "image": "busybox:1.37", "command": ["/bin/sh", "-c", "exit 1"],
    }  # fmt: skip
    body = {"metadata": {"name": "vault-0"}, "spec": {"containers": [container]}}
    core(None).create_namespaced_pod(SPACE, body)
    properties = {
        "reach": asdict(Reach(context=None, namespace=SPACE, names=("vault-0",))),
        "flavour": "openbao", "ca_certificate": "", "members": [], "generate_root_members": [],
    }  # fmt: skip

    def explain() -> None:
        raise CustodyError("the role is not trusted", "trust it")

    with (
        pytest.raises(CustodyError, match="the role is not trusted; trust it"),
        reached_cluster(properties, lambda _line: None, explain),
    ):
        pass
    # Where the proof finds nothing wrong, Kubernetes' own reason stands.
    with (
        pytest.raises(CustodyError, match=r"pod .*/vault-0 does not run: CrashLoopBackOff"),
        reached_cluster(properties, lambda _line: None, lambda: None),
    ):
        pass
