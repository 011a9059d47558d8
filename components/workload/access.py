"""How pods reach Vault and log in: the same for every service of a cluster."""

from dataclasses import dataclass

from catalog.model import KEY_VALUE

TOKEN_SECONDS = 600
"""The least that Kubernetes allows; the kubelet renews a projected token before it ends."""


@dataclass(frozen=True, kw_only=True)
class PodAccess:
    """Nothing here is secret."""

    address: str
    """`https://vault.vault.svc:8200`: as pods reach it, under a name that its certificate has."""
    login_mount: str
    """Where ServiceAccounts log in; methods kubernetes and jwt take the same request."""
    audience: str
    """What their tokens must be made for."""
    key_value: str = KEY_VALUE
    vault_namespace: str | None = None
    """Vault's own, in which login and secrets lie; None: the root."""

    def __post_init__(self) -> None:
        if not self.address.startswith("https://"):
            raise ValueError(f"address must begin with https://, and is {self.address}")

    def data_path(self, path: str) -> str:
        """Give where KV v2 reads a secret: `kv/data/shop/orders/mail`."""
        return f"{self.key_value}/data/{path}"
