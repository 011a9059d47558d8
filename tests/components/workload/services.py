"""What the tests of this room share."""

from catalog.model import CloudGrant, SecretFile, Service, WorkloadChoice
from components.workload.access import PodAccess

ACCESS = PodAccess(
    address="https://vault.vault.svc:8200", login_mount="kubernetes", audience="vault"
)
ORDERS = Service(
    namespace="shop",
    name="orders",
    secrets={"mail": {"password": "mailPassword"}},
    cloud={"invoices": CloudGrant(bucket="invoices", access="read", rotate_seconds=60)},
)
FILES = {
    "mail.json": SecretFile(owner="shop/orders", secret="mail"),
    "app.env": SecretFile(owner="shop/orders", secret="mail", format="env"),
    "password": SecretFile(owner="shop/orders", secret="mail", format="field", field="password"),
}
INJECTOR = WorkloadChoice(delivery="injector", files=FILES)
CSI = WorkloadChoice(delivery="csi")
EXTERNAL_SECRET = WorkloadChoice(delivery="external-secret", files=FILES, refresh_seconds=60)
