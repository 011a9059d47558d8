"""Which acls the program writes, from the catalogue alone."""

from collections.abc import Mapping, Sequence

from acl.grants import administrators_acl, service_acl, team_acl
from catalog.model import Catalog, Service, Team


def shared_paths(services: Sequence[Service]) -> Mapping[str, list[str]]:
    """Service -> the paths of others that it may read, because their owners' files say so."""
    paths: dict[str, list[str]] = {}
    for owner in services:
        for secret, readers in owner.shares.items():
            for reader in readers:
                paths.setdefault(reader, []).append(f"{owner.id}/{secret}")
    return paths


def team_text(team: Team, key_value: str) -> str:
    """Give the text of a team's acl."""
    if team.administrator:
        return administrators_acl(key_value)
    return team_acl(
        key_value,
        reads=[service for service, how in team.services.items() if how == "read"],
        writes=[service for service, how in team.services.items() if how == "write"],
    )


def acl_texts(catalog: Catalog, key_value: str) -> dict[str, str]:
    """Name of an acl -> its text, for every service and team."""
    shared = shared_paths(catalog.services)
    services = {
        each.role: service_acl(key_value, each.id, shared.get(each.id, ()))
        for each in catalog.services
    }
    return services | {f"team-{each.name}": team_text(each, key_value) for each in catalog.teams}
