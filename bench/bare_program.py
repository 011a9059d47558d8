"""The same objects as N services need, declared bare: no settings, no catalogue, no components.

Run by bench/scale.py as a Pulumi program of its own.
"""

import json

import pulumi
import pulumi_vault as vault

config = pulumi.Config("bare")
provider = vault.Provider(
    "account",
    address=config.require("address"),
    ca_cert_file=config.require("ca"),
    auth_login_userpass=vault.ProviderAuthLoginUserpassArgs(
        mount="strongroom", username="strongroom", password_file=config.require("passwordFile")
    ),
)
opts = pulumi.ResourceOptions(provider=provider)
changed = config.get_int("changed")
for index in range(config.require_int("services")):
    name = f"svc-bare.s{index}"
    path = f"bare/s{index}"
    capabilities = '"read", "list"' if index == changed else '"read"'
    acl = vault.Policy(
        name,
        name=name,
        policy=f'path "kv/data/{path}/*" {{\n  capabilities = [{capabilities}]\n}}\n',
        opts=opts,
    )
    vault.jwt.AuthBackendRole(
        f"role-{name}",
        backend="kubernetes",
        role_name=name,
        role_type="jwt",
        user_claim="sub",
        bound_audiences=["vault"],
        bound_subject=f"system:serviceaccount:bare:s{index}",
        token_policies=[acl.name],
        token_ttl=600,
        token_max_ttl=600,
        opts=opts,
    )
    vault.kv.SecretV2(
        f"secret-{name}",
        mount="kv",
        name=f"{path}/mail",
        data_json=pulumi.Output.secret(json.dumps({"password": config.require("value")})),
        opts=opts,
    )
