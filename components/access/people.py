"""People: teams with an acl each, members who log in with a password of their own."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from catalog.acls import team_text
from catalog.model import Team
from components.access.login_mount import login_mount


@dataclass(frozen=True, kw_only=True)
class PeopleArgs:
    """Every team, the userpass mount, and where members' passwords come from."""

    teams: tuple[Team, ...]
    mount: str
    key_value: str
    password: Callable[[str], pulumi.Output[str]]
    """Configuration key -> secret."""
    cidrs: tuple[str, ...] = ()
    """From which networks they may log in and use their tokens; empty: from anywhere."""
    keep: bool = True


class People(pulumi.ComponentResource):
    """Team `shop` has acl `team-shop`; a person in several teams has all their acls."""

    def __init__(
        self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:access:People", name, {}, opts)
        # Lock-out after wrong passwords stays on here: people can ask an administrator.
        mount = vault.AuthBackend(
            f"{name}-mount",
            type="userpass",
            path=args.mount,
            opts=login_mount(self, keep=args.keep),
        )
        acls = {team.name: self._acl(team, args.key_value) for team in args.teams}
        members: dict[str, str] = {}
        for team in args.teams:
            members.update(team.members)
        for person, key in sorted(members.items()):
            password: pulumi.Output[str] = pulumi.Output.secret(args.password(key))
            vault.UserpassAuthBackendUser(
                f"person-{person}",
                mount=mount.path,
                username=person,
                password_wo=password,
                # A changed write-only password is written only with another version.
                password_wo_version=password.apply(_version),
                token_policies=[
                    acls[team.name].name for team in args.teams if person in team.members
                ],
                # A working day; a person logs in again the next morning.
                token_ttl=8 * 3600,
                token_max_ttl=12 * 3600,
                token_bound_cidrs=list(args.cidrs) or None,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})

    def _acl(self, team: Team, key_value: str) -> vault.Policy:
        return vault.Policy(
            f"team-{team.name}",
            name=f"team-{team.name}",
            policy=team_text(team, key_value),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )


def _version(password: str) -> int:
    # 31 bits of a slow hash, itself a secret in the state: tells that it changed and no more.
    import hashlib  # noqa: PLC0415

    digest = hashlib.scrypt(password.encode(), salt=b"strongroom/people", n=2**14, r=8, p=1)
    return int.from_bytes(digest[:4]) >> 1
