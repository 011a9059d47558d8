"""What settings and catalogue declare in Vault, as the account's acl covers it. Pure."""

from acl.account import Shape
from catalog.model import KEY_VALUE, Catalog
from settings.clusters import mount_of
from settings.model import Settings


def shape_of(settings: Settings, catalog: Catalog) -> Shape:
    """Give mounts, login methods and what is adopted: no list of services or teams."""
    adopted = catalog.adopted
    return Shape(
        key_value=frozenset({KEY_VALUE}),
        methods={
            settings.access.mount: settings.access.method,
            settings.people.mount: "userpass",
            **{
                mount_of(name, other): other.access.method
                for name, other in settings.clusters.items()
            },
        },
        adopted_mounts=frozenset(adopted.mounts) - {KEY_VALUE},
        adopted_methods=frozenset(adopted.methods),
        adopted_acls=frozenset(adopted.acls),
    )
