"""What the engine starts as `pulumi-resource-vault`; the script gives the SDK's version."""

import sys

from sandbox.plugins.lean import import_protocol_alone

import_protocol_alone()

from sandbox.plugins.process import serve  # noqa: E402  the SDK must not be imported before the line above
from sandbox.plugins.vault.plugin import plugin  # noqa: E402

serve(plugin(sys.argv[1]))
