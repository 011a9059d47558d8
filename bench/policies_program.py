"""What `python -m bench.policies` previews: as many resources as `declared.json` says, of its own services."""

import json
from pathlib import Path

import pulumi
import pulumi_vault as vault

from acl.grants import service_acl

count = json.loads((Path(__file__).parent / "declared.json").read_text())
services = count // 3 if isinstance(count, int) else 0
provider = vault.Provider("vault", address="https://127.0.0.1:1", token=pulumi.Output.secret("x"))
opts = pulumi.ResourceOptions(provider=provider)
for index in range(services):
    name = f"svc-bench.s{index}"
    shared = [f"bench/s{(index + 1) % services}/mail"]
    acl = vault.Policy(
        name, name=name, policy=service_acl("kv", f"bench/s{index}", shared), opts=opts
    )
    vault.jwt.AuthBackendRole(
        f"role-{name}",
        backend="kubernetes",
        role_name=name,
        role_type="jwt",
        user_claim="sub",
        bound_audiences=["vault"],
        bound_subject=f"system:serviceaccount:bench:s{index}",
        token_policies=[acl.name],
        token_ttl=600,
        token_max_ttl=600,
        opts=opts,
    )
    vault.kv.SecretV2(
        f"secret-{name}",
        mount="kv",
        name=f"bench/s{index}/mail",
        data_json=pulumi.Output.secret(json.dumps({"password": "x"})),
        opts=opts,
    )
