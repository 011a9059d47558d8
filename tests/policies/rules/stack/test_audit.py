"""Tables of the rules over audit devices and versions."""

from policies.rules.stack import audit
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.vault import OWNED_CLUSTER as OWNED
from tests.policies.vault import VAULT, over, without

_TWO = 'audit "file" "a" {\n}\naudit "file" "b" {\n}\n'
BAO = over(OWNED, flavour="openbao", audit_files=[])
NODES = [
    *without("owned"),
    BAO,
    Sample(type=audit.NODES, name="nodes", inputs={"configurations": [_TWO, _TWO, _TWO]}),
]

CASES = [
    Case(
        rule=audit.vault_is_audited,
        compliant=VAULT,
        breakages={
            "none": Change("audit_files", [], of="owned"),
            "one alone": Change("audit_files", ["/audit-0.log"], of="owned"),
        },
    ),
    Case(
        rule=audit.vault_is_audited,
        compliant=NODES,
        breakages={"one server without": Change("configurations.1", "ui = false", of="nodes")},
    ),
    Case(
        rule=audit.key_value_versions_are_limited,
        compliant=VAULT,
        breakages={
            "not said": Change("maxVersions", ABSENT, of="versions"),
            "one": Change("maxVersions", 1.0, of="versions"),
            "without end": Change("maxVersions", 1000.0, of="versions"),
            "of another mount": Change("mount", "secret", of="versions"),
        },
    ),
]
