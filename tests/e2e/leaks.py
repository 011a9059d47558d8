"""Every secret that a run knew, by value, and a search for them wherever none may stand."""

import base64
import re
from collections.abc import Iterable

from tests.e2e.scratch import Scratch
from tests.e2e.watch import Watch

# Names, places, and the half of a credential that AWS shows to everybody who may list.
_OPEN_FIELDS = ("bucket", "region", "endpoint", "access_key_id")
# Where generated passwords and the key that signs ServiceAccount tokens lie by design, 0600.
_BY_DESIGN = ("passwords", "cluster")


def passwords(scratch: Scratch) -> set[str]:
    """Give all that was generated: passwords, stack secrets, the state's passphrase."""
    return {file.read_text() for file in scratch.sandbox_file("passwords").iterdir()}


def values(scratch: Scratch) -> set[str]:
    """Give what lies in the services' paths, read as each service."""
    found = set()
    for service, paths in scratch.outputs()["secrets"].items():
        client = scratch.logged_in(service)
        for path in paths:
            fields = scratch.read(client, path)
            found |= {value for name, value in fields.items() if name not in _OPEN_FIELDS}
    return found


def recovery_keys(scratch: Scratch) -> set[str]:
    """Give the recovery keys, decrypted from custody as Bank-Vaults does it, in hex and in base64."""
    client = scratch.emulator()
    s3, kms = client("s3"), client("kms")
    buckets = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    [bucket] = [name for name in buckets if name.startswith("strongroom-custody-")]
    found = set()
    for stored in s3.list_objects_v2(Bucket=bucket, Prefix="vault-recovery-")["Contents"]:
        sealed = s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()
        opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"Tool": "bank-vaults"})
        key = opened["Plaintext"].decode()
        found |= {key, base64.b64encode(bytes.fromhex(key)).decode()}
    return found


def assert_nowhere(scratch: Scratch, watch: Watch, secrets: Iterable[str]) -> None:
    """Search state, files, all that any command printed, and every process's arguments."""
    wanted = sorted(secrets)
    assert all(len(secret) >= 16 for secret in wanted)
    shown = scratch.sourced(
        "pulumi stack export; pulumi stack output --json; pulumi stack --show-urns; pulumi config"
    )
    assert shown.code == 0, shown.output
    said = "\n".join(scratch.said)
    assert [number for number, secret in enumerate(wanted) if secret in said] == []
    assert watch.arguments(secret.encode() for secret in wanted) == []
    for file in scratch.path.rglob("*"):
        parts = file.relative_to(scratch.path).parts
        # Raft's own storage is encrypted: it stays in the search.
        if not file.is_file() or parts[0] == ".venv" or parts[1:2] in [(d,) for d in _BY_DESIGN]:
            continue
        data = file.read_bytes()
        assert not any(secret.encode() in data for secret in wanted), file
        # Tokens whose value nobody here ever knew are known by their form.
        assert not re.search(rb"\bs\.[A-Za-z0-9]{24}\b", data), file
