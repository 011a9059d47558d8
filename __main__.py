"""The wiring: settings -> cloud -> server -> bootstrap -> access -> secrets -> exports."""
# ruff: noqa: E402

from engine import quicken, refuse_unrecorded

quicken()  # before anything large is imported

import time

import pulumi

from catalog.model import HOME, KEY_VALUE
from components.access.people import People, PeopleArgs
from components.access.service_login import ServiceLogin
from components.access.services import Services, ServicesArgs
from components.adopted import AdoptedVault, AdoptedVaultArgs
from components.engines.key_value import KeyValue, KeyValueArgs
from components.secrets import service_secrets
from settings.load import load, stack_secret
from wiring.clusters import beside_the_servers, logins_elsewhere
from wiring.program import Program
from wiring.vault import vault

refuse_unrecorded()
settings, catalog = load()
program = Program(settings=settings, catalog=catalog, now=time.time())

# Cloud, servers and bootstrap; or a Vault that somebody else runs.
found = vault(program)
account = pulumi.ResourceOptions(provider=found.owned.provider)
login = ServiceLogin("login", program.login, account)
services = Services(
    "services",
    ServicesArgs(
        services=catalog.services,
        logins={HOME: login, **logins_elsewhere(program, found, account)},
        key_value=KEY_VALUE,
        vault_namespace=settings.vault_namespace,
    ),
    account,
)
People(
    "people",
    PeopleArgs(
        teams=catalog.teams,
        mount=settings.people.mount,
        key_value=KEY_VALUE,
        password=stack_secret,
        cidrs=settings.people.cidrs,
        keep=settings.keep,
    ),
    account,
)
secrets = service_secrets(catalog.services, found.applications, stack_secret, now=program.now)
KeyValue(
    "kv",
    KeyValueArgs(
        mount=KEY_VALUE,
        secrets=secrets,
        adopted=catalog.adopted.mounts.get(KEY_VALUE),
        keep=settings.keep,
    ),
    account,
)
AdoptedVault(
    "adopted",
    AdoptedVaultArgs(adopted=catalog.adopted.without(KEY_VALUE), keep=settings.keep),
    account,
)
beside_the_servers(program, found, login, account)

pulumi.export("address", found.owned.address)
pulumi.export("logins", services.logins)
pulumi.export(
    "secrets",
    {
        service.id: sorted(f"{KEY_VALUE}/{service.id}/{path}" for path in service.fields)
        for service in catalog.services
    },
)
