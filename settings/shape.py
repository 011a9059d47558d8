"""What settings and catalogue declare in Vault, as the account's acl covers it. Pure."""

from collections.abc import Mapping

from acl.account import Method, Shape
from catalog.model import KEY_VALUE, Catalog
from settings.clusters import mount_of
from settings.model import Settings


def shape_of(settings: Settings, catalog: Catalog) -> Shape:
    """Give mounts, login methods and what is adopted: no list of services or teams."""
    methods: dict[str, Method] = {
        settings.access.mount: settings.access.method,
        settings.people.mount: "userpass",
        **{mount_of(name, other): other.access.method for name, other in settings.clusters.items()},
    }
    return shape_with(methods, catalog)


def shape_with(methods: Mapping[str, Method], catalog: Catalog) -> Shape:
    """Give the same from login methods (mount -> kind) that were read by themselves."""
    adopted = catalog.adopted
    return Shape(
        key_value=frozenset({KEY_VALUE}),
        methods=methods,
        adopted_mounts=frozenset(adopted.mounts) - {KEY_VALUE},
        adopted_methods=frozenset(adopted.methods),
        adopted_acls=frozenset(adopted.acls),
    )
