"""A right stack and a right catalogue in a scratch directory, to be made wrong one edit at a time."""

from collections.abc import Iterable
from pathlib import Path

from catalog.model import Catalog
from mistakes import MistakesError
from settings.load import examine
from settings.model import Settings
from settings.stack import of_file

STACK = """\
config:
  strongroom:cloud:
    kind: aws
    region: eu-central-1
    accountId: "123456789012"
    oidcProvider: oidc.example.com/id/ABC
  strongroom:custody:
    recoveryShares: 5
    recoveryThreshold: 3
  strongroom:server:
    kind: processes
    flavour: openbao
    command: [bao]
    directory: servers
    ports: [8200, 8202, 8204]
    generateRootPorts: [8300, 8301, 8302]
    tls: {certificate: pem, key: pem, ca: pem}
  strongroom:account:
    cidrs: [10.0.0.0/8]
    passwordFile: password
  strongroom:access:
    method: jwt
    issuer: https://issuer.example.com
    keys: [pem]
  strongroom:mailPassword:
    secure: v1:abc
  strongroom:adaPassword:
    secure: v1:def
"""

_PROCESSES = STACK[STACK.index("    kind: processes") : STACK.index("  strongroom:account:")]
HELM = STACK.replace(
    _PROCESSES,
    """\
    kind: helm
    network:
      egressCidrs: [10.1.0.0/16]
      apiServerCidrs: [10.2.0.0/16]
    address: https://vault.example.com:8200
""",
)
"""The same with servers as pods."""

_OF_ONE_S_OWN = STACK[: STACK.index("  strongroom:account:")]
EXTERNAL = STACK.replace(
    _OF_ONE_S_OWN,
    """\
config:
  strongroom:server:
    kind: external
    flavour: vault
    address: https://vault.example.com:8200
    ca: pem
""",
)
"""The same with servers of somebody else's, and no cloud."""

_OTHERS = """\
  strongroom:clusters:
    edge:
      context: edge
      address: https://vault.example.com:8200
      access:
        method: jwt
    plant:
      context: plant
      address: https://vault.example.com:8200
      access:
        method: kubernetes
        host: https://plant.example.com:6443
        ca: pem
  strongroom:mailPassword:
"""
CLUSTERS = STACK.replace("  strongroom:mailPassword:\n", _OTHERS)
"""The first with two other clusters."""
CLUSTERS_AND_PODS = HELM.replace("  strongroom:mailPassword:\n", _OTHERS).replace(
    "egressCidrs:", "clientCidrs: [10.3.0.0/16]\n      egressCidrs:"
)
"""The same with the servers' own cluster."""

ORDERS = """\
service: orders
namespace: shop
secrets:
  mail: {password: {config: mailPassword}}
cloud:
  invoices: {bucket: invoices, access: read-write, rotate: 12h}
shares:
  mail: [shop/billing]
"""

BILLING = """\
service: billing
namespace: shop
"""

TEAM = """\
team: keepers
administrator: true
members:
  ada: {password: {config: adaPassword}}
"""


class Project:
    """Files of one project. `stack` is Pulumi.dev.yaml's text."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stack = STACK
        self.catalog = {"orders.yaml": ORDERS, "billing.yaml": BILLING, "keepers.yaml": TEAM}
        for name in ("pem", "password"):
            (root / name).write_text(name)

    def write(self) -> None:
        """Write every file."""
        (self.root / "Pulumi.dev.yaml").write_text(self.stack)
        (self.root / "catalog").mkdir(exist_ok=True)
        for name, text in self.catalog.items():
            (self.root / "catalog" / name).write_text(text)

    def read(self) -> tuple[Settings, Catalog]:
        """Write every file and read them as `ops check` does."""
        self.write()
        return examine(of_file(self.root, "dev"), self.root)

    def mistakes(self) -> list[str]:
        """Give the lines that are printed."""
        try:
            self.read()
        except MistakesError as error:
            return str(error).splitlines()
        return []


def edited(text: str, edits: Iterable[tuple[str, str]]) -> str:
    """Replace each first text, which must be there once, by the second."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
