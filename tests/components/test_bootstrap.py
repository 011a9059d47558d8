import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

import pulumi
import pytest
from hvac.exceptions import Forbidden

from acl.account import Shape, account_acl
from components.account import AccountArgs
from components.bootstrap import (
    BootstrapProvider,
    VaultBootstrap,
    VaultBootstrapArgs,
    _kept,
    _request,
)
from components.cloud.contract import CustodyPlace
from components.custody_place import custody_of
from components.dynamic_errors import ToldError
from components.server.address import reached_cluster
from components.server.contract import JobProof, Reach, TokenProof
from components.server.seals import TransitSealArgs, transit_seal
from custody.account import logged_in
from custody.errors import CustodyError, RefusedError
from custody.request import AwsCustody
from custody.secret import Secret
from custody.vault import Cluster as Servers
from tests.conftest import Declare
from tests.real.cluster import Cluster

OWNED = "pulumi-python:dynamic/strongroom:Owned"
PROVIDER = "pulumi:providers:vault"
PASSWORD = "correct-horse-battery-staple"  # what is searched for below
SHARES = {"recovery_shares": 5, "recovery_threshold": 3}
SHAPE = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt"})


class _Server:
    flavour: Literal["openbao", "vault"] = "openbao"
    wipe_commands: tuple[str, ...] = ("empty the servers",)
    audit_files: tuple[str, ...] = ()
    raft_servers: int = 3
    reach: Reach | None = None
    seal_proof: TokenProof | JobProof | None = None

    def __init__(self) -> None:
        self.address = pulumi.Output.from_input("https://127.0.0.1:8200")
        self.members = pulumi.Output.from_input(["https://127.0.0.1:8200"])
        self.generate_root_members = pulumi.Output.from_input(["https://127.0.0.1:8300"])
        self.ca_certificate = pulumi.Output.from_input("a certificate")
        self.ca_file = pulumi.Output.from_input("/tls/ca.pem")


def _args(account: AccountArgs) -> VaultBootstrapArgs:
    return VaultBootstrapArgs(
        server=_Server(),
        custody=CustodyPlace(
            kind="aws", region="eu-central-1", endpoint=None, prefix="", bucket="custody",
            custody_key="custody-key", seal_key="seal-key", writer_role="writer",
            reader_role="reader",
        ),
        account=account,
        shape=SHAPE,
        directory=".strongroom",
    )  # fmt: skip


@pytest.fixture
def account(tmp_path: Path) -> AccountArgs:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return AccountArgs(
        mount="strongroom", name="strongroom", cidrs=("127.0.0.1/32",), password_file=str(file)
    )


def test_the_provider_is_the_limited_account_and_waits_for_the_owned_cluster(
    declare: Declare, account: AccountArgs
) -> None:
    declared = declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    provider = declared.resource(PROVIDER)
    login = json.loads(provider.inputs["authLoginUserpass"])
    assert login["username"] == login["mount"] == "strongroom"
    assert provider.inputs["caCertFile"] == "/tls/ca.pem"
    assert "bootstrap-owned" in provider.property_dependencies["address"]
    assert "token" not in provider.inputs


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/machine", None])
def test_at_the_real_cloud_the_seal_is_proven_as_the_servers_own_role_if_there_is_one(
    declare: Declare, account: AccountArgs, role: str | None
) -> None:
    args = _args(account)
    changed = dataclasses.replace(args, custody=dataclasses.replace(args.custody, seal_role=role))

    given = declare(lambda: VaultBootstrap("bootstrap", changed)).one(OWNED)

    with reached_cluster(given) as address:
        request = _request(given, SHAPE, address)
    assert request.custody.seal_role == role
    assert request.custody.endpoint is None


def test_the_seal_is_proven_with_the_servers_own_key_which_is_secret_and_not_kept(
    declare: Declare, account: AccountArgs
) -> None:
    key = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "of-the-servers"}
    args = _args(account)
    place = dataclasses.replace(args.custody, seal_credentials=key)
    changed = dataclasses.replace(args, custody=place)

    given = declare(lambda: VaultBootstrap("bootstrap", changed)).resource(OWNED)

    open_ = {name: value for name, value in given.inputs.items() if name not in given.secrets}
    assert "of-the-servers" not in json.dumps(open_)
    with reached_cluster(given.inputs) as address:
        request = _request(given.inputs, SHAPE, address)
    proven_with = request.custody.seal_credentials
    assert {name: value.reveal() for name, value in proven_with.items()} == key
    assert "of-the-servers" not in repr(request)
    assert "of-the-servers" not in json.dumps(_kept(given.inputs))


REACH = Reach(context="kind-vault", namespace="vault", names=("vault-0",))


@pytest.mark.parametrize(
    "proof",
    [
        TokenProof(service_account="vault", audience="sts.amazonaws.com"),
        JobProof(manifest=pulumi.Output.from_input({"metadata": {"namespace": "vault"}})),
        None,
    ],
)
def test_the_seal_is_proven_as_the_servers_pods_which_is_not_kept(
    declare: Declare, account: AccountArgs, proof: TokenProof | JobProof | None
) -> None:
    args = _args(account)
    assert isinstance(args.server, _Server)
    args.server.reach, args.server.seal_proof = REACH, proof

    given = declare(lambda: VaultBootstrap("bootstrap", args)).one(OWNED)

    place = custody_of(given)
    assert isinstance(place, AwsCustody)
    assert (place.seal_token is not None) is isinstance(proof, TokenProof)
    assert (place.seal_proof is not None) is isinstance(proof, JobProof)
    assert "seal_proof" not in _kept(given)


def test_a_password_from_a_file_is_in_no_input(declare: Declare, account: AccountArgs) -> None:
    declared = declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    for resource in declared.resources:
        assert PASSWORD not in json.dumps(resource.inputs)
    assert "passwordFingerprint" in {
        name.replace("password_fingerprint", "passwordFingerprint")
        for name in declared.resource(OWNED).secrets
    }


def test_a_password_from_the_stack_is_secret_wherever_it_stands(
    declare: Declare, account: AccountArgs
) -> None:
    def program() -> None:
        given = dataclasses.replace(
            account, password_file=None, password=pulumi.Output.from_input(PASSWORD)
        )
        VaultBootstrap("bootstrap", _args(given))

    for resource in declare(program).resources:
        open_ = {key: v for key, v in resource.inputs.items() if key not in resource.secrets}
        assert PASSWORD not in json.dumps(open_)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password_file": None}, "password"),
        ({"cidrs": ()}, "cidrs"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    account: AccountArgs, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(account, **change)


def test_a_missing_password_file_is_named(declare: Declare, account: AccountArgs) -> None:
    gone = dataclasses.replace(account, password_file="/nowhere/password")

    with pytest.raises(ValueError, match=r"account\.passwordFile /nowhere/password can't be read"):
        declare(lambda: VaultBootstrap("bootstrap", _args(gone)))


def test_a_newline_that_the_provider_would_take_for_the_password_is_refused(
    declare: Declare, account: AccountArgs
) -> None:
    Path(account.password_file or "").write_text(PASSWORD + "\n")

    with pytest.raises(ValueError, match="without a newline") as refused:
        declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    assert PASSWORD not in str(refused.value)


def test_a_short_password_is_refused(declare: Declare, account: AccountArgs) -> None:
    Path(account.password_file or "").write_text("hunter2")

    with pytest.raises(ValueError, match="longer password") as refused:
        declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    assert "hunter2" not in str(refused.value)


def test_an_acl_that_is_wider_than_declared_is_an_update() -> None:
    before = SHAPE.united(Shape(methods={"people": "userpass"})).to_document()
    now = SHAPE.to_document()
    olds = {"acl": "a", "shape": now, "covered": before, **SHARES}
    news = {"acl": "a", "shape": now, **SHARES}

    diff = BootstrapProvider().diff("id", olds, news)
    settled = BootstrapProvider().diff("id", {**olds, "covered": now}, news)
    stays = BootstrapProvider().diff("id", {**olds, "looked": 2}, news)

    assert diff.changes
    assert not settled.changes
    assert not stays.changes


def test_other_numbers_of_recovery_keys_are_refused_in_the_preview() -> None:
    shape = SHAPE.to_document()
    olds = {"shape": shape, "covered": shape, **SHARES}
    news = {"shape": shape, "recovery_shares": 7.0, "recovery_threshold": 3.0}

    with pytest.raises(ToldError, match=r"put back custody\.recoveryShares: 5 and .*Threshold: 3"):
        BootstrapProvider().diff("id", olds, news)


@pytest.mark.parametrize("key", ["acl", "shape", "password_fingerprint", "cidrs", "members"])
def test_what_changes_is_an_update_and_never_a_replacement(key: str) -> None:
    olds = {"shape": SHAPE.to_document(), "covered": SHAPE.to_document(), **SHARES, key: "old"}
    news = {"shape": SHAPE.to_document(), **SHARES, key: "new"}
    if key == "shape":
        news["shape"] = Shape().to_document()

    diff = BootstrapProvider().diff("id", olds, news)

    assert diff.changes
    assert not diff.replaces


def test_deleting_the_resource_deletes_no_key() -> None:
    assert BootstrapProvider().delete("id", {}) is None  # type: ignore[func-returns-value]


def _properties(
    shape: Shape, cluster: Cluster, place: AwsCustody, directory: Path
) -> dict[str, Any]:
    """What the program hands to the provider for this shape."""
    password = directory / "password"
    password.write_text(PASSWORD)
    return {
        **dataclasses.asdict(cluster.address),
        # As the program hands it over: how the seal is proven stands beside custody, not in it.
        "custody": {
            key: value
            for key, value in dataclasses.asdict(place).items()
            if key not in ("seal_credentials", "seal_token", "seal_proof")
        },
        "wipe_commands": [],
        "audit_files": [],
        "raft_servers": 3,
        "mount": "strongroom",
        "name": "strongroom",
        "cidrs": ["127.0.0.1/32"],
        "password_file": str(password),
        "shape": shape.to_document(),
        "acl": account_acl(shape, name="strongroom", mount="strongroom"),
        "directory": str(directory / "custody"),
        **SHARES,
    }


def _updated(olds: dict[str, Any] | None, news: dict[str, Any]) -> dict[str, Any]:
    """The state after an update, which has to be due."""
    provider = BootstrapProvider()
    assert provider.diff("id", olds or {}, news).changes
    return provider.update("id", olds or {}, news).outs or {}


@pytest.mark.real
def test_the_account_can_delete_what_an_earlier_run_failed_to(
    cluster: Cluster, place: AwsCustody, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider, servers = BootstrapProvider(), Servers(cluster.address)
    less = Shape(key_value=frozenset({"kv"}))
    more = Shape(key_value=frozenset({"kv", "old"}), methods={"cluster": "jwt"})
    before, after = (_properties(shape, cluster, place, tmp_path) for shape in (more, less))
    created = provider.create(before)
    with logged_in(servers, "strongroom", "strongroom", Secret(PASSWORD)) as account:
        account.sys.enable_secrets_engine("kv", path="old", options={"version": "2"})
        account.sys.enable_auth_method("jwt", path="cluster")

    # The run that removes both fails to delete them; the next finds them.
    state = _updated(created.outs, after)
    state = _updated(state, after)

    assert "auth/cluster, old: declared no more and still mounted" in capsys.readouterr().err
    with logged_in(servers, "strongroom", "strongroom", Secret(PASSWORD)) as account:
        account.sys.disable_secrets_engine("old")
        account.sys.disable_auth_method("cluster")
    state = _updated(state, after)
    assert not provider.diff("id", state, after).changes
    assert provider.read("id", state).outs == state
    with (
        logged_in(servers, "strongroom", "strongroom", Secret(PASSWORD)) as account,
        pytest.raises(Forbidden),
    ):
        account.sys.enable_secrets_engine("kv", path="old", options={"version": "2"})


@pytest.mark.real
def test_a_renamed_mount_takes_the_old_login_with_it(
    cluster: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    servers = Servers(cluster.address)
    shape = Shape(key_value=frozenset({"kv"}), methods={"strongroom": "userpass"})
    before = _properties(Shape(key_value=frozenset({"kv"})), cluster, place, tmp_path)
    after = {
        **before,
        "mount": "keeper",
        "shape": shape.to_document(),
        "acl": account_acl(shape, name="strongroom", mount="keeper"),
    }
    created = BootstrapProvider().create(before).outs

    _updated(created, after)

    with (
        pytest.raises(RefusedError),
        logged_in(servers, "strongroom", "strongroom", Secret(PASSWORD)),
    ):
        pass
    with logged_in(servers, "keeper", "strongroom", Secret(PASSWORD)) as account:
        account.sys.enable_auth_method("userpass", path="strongroom", description="people")

    # As if the engine had died before it recorded the update; and what others mount there is theirs.
    _updated(created, after)

    with logged_in(servers, "keeper", "strongroom", Secret(PASSWORD)) as account:
        mount = account.adapter.get("/v1/sys/mounts/auth/strongroom")
    assert mount["data"]["description"] == "people"


def test_a_transit_key_is_proven_with_the_servers_token_which_is_secret_and_not_kept(
    declare: Declare, account: AccountArgs, tmp_path: Path
) -> None:
    ca = tmp_path / "keeper.pem"
    ca.write_text("no certificate")

    def program() -> None:
        seal = transit_seal(
            TransitSealArgs(
                address="https://keeper:8200", key_name="k", token="s.servers", ca_file=str(ca)
            )
        )
        VaultBootstrap("bootstrap", dataclasses.replace(_args(account), seal=seal))

    resource = declare(program).resource(OWNED)

    assert "keeper" in resource.secrets
    props = resource.inputs
    assert "keeper" not in _kept(props)
    place = custody_of({**props, "custody": {**props["custody"], "endpoint": None}})
    assert "s.servers" not in repr(place.seal_proof)
    with pytest.raises(CustodyError, match="no PEM certificate"):
        place.seal_proof()  # type: ignore[misc]
