"""What the process has in memory that `killed.py` forks from: the modules, and botocore's models of the services."""

import tests.real.killed  # noqa: F401  so that no child has to
from custody.aws_clients import Identity, session
from custody.request import AwsCustody
from tests.real.emulator import REGION

_NOWHERE = AwsCustody(
    region=REGION,
    endpoint="http://127.0.0.1:1",
    bucket="",
    prefix="",
    custody_key="",
    seal_key="",
    writer_role="",
    reader_role="",
)
_clients = Identity(session(aws_access_key_id="-", aws_secret_access_key="-"), _NOWHERE)
_made = (_clients.sts, _clients.kms, _clients.s3)
