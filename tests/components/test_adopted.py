from catalog.model import Adopted, AdoptedMethod, AdoptedMount
from components.adopted import AdoptedVault, AdoptedVaultArgs
from tests.conftest import Declare, Declared

ADOPTED = Adopted(
    mounts={"secret": AdoptedMount(options={"version": "1"}, description="The shop's")},
    methods={
        "clusters/a": AdoptedMethod(
            kind="kubernetes",
            description="",
            roles={"orders": {"bound_service_account_names": ("orders",), "token_ttl": 60}},
        ),
        "ci": AdoptedMethod(
            kind="jwt", description="", roles={"deploy": {"user_claim": "sub", "role_type": "jwt"}}
        ),
    },
    acls={"orders": "# nothing"},
)


def _declared(declare: Declare, *, keep: bool = True) -> Declared:
    return declare(lambda: AdoptedVault("adopted", AdoptedVaultArgs(adopted=ADOPTED, keep=keep)))


def test_everything_is_imported_under_its_own_name(declare: Declare) -> None:
    declared = _declared(declare)

    imported = {r.type.split(":", 1)[1]: r.imported for r in declared.resources if r.custom}
    assert imported == {
        "index/mount:Mount": "secret",
        "index/authBackend:AuthBackend": "ci",
        "kubernetes/authBackendRole:AuthBackendRole": "auth/clusters/a/role/orders",
        "jwt/authBackendRole:AuthBackendRole": "auth/ci/role/deploy",
        "index/policy:Policy": "orders",
    }
    assert declared.one("vault:index/policy:Policy")["policy"] == "# nothing"
    role = declared.one("vault:kubernetes/authBackendRole:AuthBackendRole")
    assert (role["boundServiceAccountNames"], role["tokenTtl"]) == (["orders"], 60)


def test_the_configuration_of_a_login_method_is_not_declared(declare: Declare) -> None:
    types = {each.type for each in _declared(declare).resources}

    assert not any("AuthBackendConfig" in each for each in types)
    assert "vault:jwt/authBackend:AuthBackend" not in types


def test_mounts_and_login_methods_are_guarded(declare: Declare) -> None:
    guarded = {r.name for r in _declared(declare).resources if r.protect}

    assert guarded == {"adopted-mount-secret", "adopted-login-clusters/a", "adopted-login-ci"}
    assert not any(r.protect for r in _declared(declare, keep=False).resources)
