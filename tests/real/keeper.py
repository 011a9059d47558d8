"""A real OpenBao that keeps the key of other servers' transit seal, and unseals itself with the emulator's KMS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac

from acl.seal import seal_acl
from custody.keeper import Keeper
from custody.secret import Secret
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster, NodeSeal, running_cluster
from tests.real.emulator import Emulator, custody_place

KEY, MOUNT = "strongroom", "keys/transit"


@dataclass(frozen=True, kw_only=True)
class RunningKeeper:
    """The keeper, one key in it, and how somebody with its root token manages it."""

    cluster: Cluster
    root: Secret

    @property
    def address(self) -> str:
        """Where it answers."""
        return self.cluster.address.members[0]

    @property
    def client(self) -> hvac.Client:
        """Talks to it as root."""
        return Servers(self.cluster.address).client(self.address, self.root)

    def token(self, *, acl: str = "strongroom-seal", **said: Any) -> str:
        """Make a token for servers: orphan, periodic and good for the key alone, unless something else is said."""
        wanted = {"policies": [acl], "period": "24h", "no_parent": True} | said
        answer = self.client.adapter.post("/v1/auth/token/create", json=wanted)
        return str(answer["auth"]["client_token"])

    def seal(self, token: str | None = None) -> NodeSeal:
        """Give the seal as servers have it."""
        return NodeSeal(
            kind="transit",
            parameters={
                "address": self.address,
                "mount_path": MOUNT,
                "key_name": KEY,
                "tls_ca_cert": str(self.cluster.ca_file),
            },
            environment={"VAULT_TOKEN": token or self.token()},
        )

    def keeper(self, token: str) -> Keeper:
        """Give what is proven before init."""
        return Keeper(
            address=self.address,
            mount_path=MOUNT,
            key_name=KEY,
            ca_certificate=self.cluster.address.ca_certificate,
            token=Secret(token),
        )

    def rotate(self, *, oldest: int | None = None) -> None:
        """Make a new version of the key; with `oldest` those before it decrypt nothing any more."""
        self.client.adapter.post(f"/v1/{MOUNT}/keys/{KEY}/rotate")
        if oldest is not None:
            self.forget_before(oldest)

    def forget_before(self, oldest: int) -> None:
        """Let older versions of the key decrypt nothing any more."""
        self.client.adapter.post(
            f"/v1/{MOUNT}/keys/{KEY}/config", json={"min_decryption_version": oldest}
        )

    def stop(self) -> None:
        """Let it answer nobody."""
        self.cluster.stop(0)

    def start(self) -> None:
        """Start it again; it unseals itself."""
        self.cluster.start(0)
        assert Servers(self.cluster.address).wait_until_active(30)


@contextmanager
def running_keeper(
    directory: Path, emulator: Emulator, host: str = "127.0.0.1"
) -> Iterator[RunningKeeper]:
    """Start one, with a key and the acl of those who use it; stop and delete it at the end.

    `host` is this machine's address as those who use the key reach it.
    """
    with running_cluster(directory, emulator, custody_place(emulator), host=host) as cluster:
        servers = Servers(cluster.address)
        answer = servers.client(cluster.address.members[0]).sys.initialize(
            recovery_shares=1, recovery_threshold=1
        )
        assert servers.wait_until_active(30)
        keeper = RunningKeeper(cluster=cluster, root=Secret(answer["root_token"]))
        client = keeper.client
        client.sys.enable_secrets_engine("transit", path=MOUNT)
        client.adapter.post(f"/v1/{MOUNT}/keys/{KEY}")
        client.sys.create_or_update_policy(
            "strongroom-seal", seal_acl(mount_path=MOUNT, key_name=KEY)
        )
        yield keeper
