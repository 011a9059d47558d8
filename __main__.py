"""The wiring: settings -> cloud -> server -> bootstrap -> access -> secrets -> exports."""

import time
from pathlib import Path

import pulumi

from acl.account import Shape
from components.access.people import People, PeopleArgs
from components.access.service_login import ServiceLogin, ServiceLoginArgs
from components.access.services import Services, ServicesArgs
from components.bootstrap import AccountArgs, VaultBootstrap, VaultBootstrapArgs
from components.cloud.aws.cloud import AwsCloud, AwsCloudArgs
from components.engines.key_value import KeyValue, KeyValueArgs
from components.secrets import service_secrets
from components.server.processes import ProcessServer, ProcessServerArgs
from engine import quicken, refuse_unrecorded
from settings import load, stack_secret

KEY_VALUE = "kv"

quicken()
refuse_unrecorded()
settings, catalog = load()

cloud = AwsCloud(
    "cloud",
    AwsCloudArgs(
        stack=pulumi.get_stack(),
        region=settings.cloud.region,
        account_id=settings.cloud.account_id,
        endpoint=settings.cloud.endpoint,
        oidc_provider=settings.cloud.oidc_provider,
        bucket=settings.cloud.bucket,
        tls_only=settings.cloud.tls_only,
        deletion_window_days=settings.cloud.deletion_window_days,
        prefix=settings.custody.prefix,
        writers=settings.custody.writers,
        readers=settings.custody.readers,
        unsealers=settings.cloud.unsealers,
        namespace=settings.server.namespace,
        service_account=settings.server.service_account,
        keep=settings.keep,
    ),
)
server = ProcessServer(
    "server",
    ProcessServerArgs(
        flavour=settings.server.flavour,
        command=settings.server.command,
        directory=settings.server.directory,
        ports=settings.server.ports,
        generate_root_ports=settings.server.generate_root_ports,
        certificate=settings.server.tls.certificate,
        key=settings.server.tls.key,
        ca=settings.server.tls.ca,
        seal=cloud.seal,
        keep=settings.keep,
    ),
)
bootstrap = VaultBootstrap(
    "bootstrap",
    VaultBootstrapArgs(
        server=server,
        custody=cloud.custody,
        account=AccountArgs(
            mount=settings.account.mount,
            name=settings.account.name,
            cidrs=settings.account.cidrs,
            password_file=settings.account.password_file,
            password=None if settings.account.password_file else stack_secret("accountPassword"),
        ),
        shape=Shape(
            key_value=frozenset({KEY_VALUE}),
            methods={
                settings.access.mount: settings.access.method,
                settings.people.mount: "userpass",
            },
        ),
        directory=settings.custody.directory,
        recovery_shares=settings.custody.recovery_shares,
        recovery_threshold=settings.custody.recovery_threshold,
        keep=settings.keep,
    ),
)
account = pulumi.ResourceOptions(provider=bootstrap.provider)
login = ServiceLogin(
    "login",
    ServiceLoginArgs(
        method=settings.access.method,
        mount=settings.access.mount,
        audience=settings.access.audience,
        token_ttl_seconds=settings.access.token_ttl_seconds,
        issuer=settings.access.issuer,
        keys=tuple(Path(key).read_text() for key in settings.access.keys),
        host=settings.access.host,
        ca=Path(settings.access.ca).read_text() if settings.access.ca else None,
        keep=settings.keep,
    ),
    account,
)
services = Services(
    "services",
    ServicesArgs(services=catalog.services, login=login, key_value=KEY_VALUE),
    account,
)
People(
    "people",
    PeopleArgs(
        teams=catalog.teams,
        mount=settings.people.mount,
        key_value=KEY_VALUE,
        password=stack_secret,
        keep=settings.keep,
    ),
    account,
)
secrets = service_secrets(catalog.services, cloud, stack_secret, now=time.time())
KeyValue("kv", KeyValueArgs(mount=KEY_VALUE, secrets=secrets, keep=settings.keep), account)

pulumi.export("address", bootstrap.address)
pulumi.export("logins", services.logins)
pulumi.export(
    "secrets",
    {
        service.id: sorted(
            f"{KEY_VALUE}/{path}" for path in secrets if path.startswith(f"{service.id}/")
        )
        for service in catalog.services
    },
)
