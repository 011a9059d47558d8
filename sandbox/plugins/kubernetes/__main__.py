"""What the engine starts as `pulumi-resource-kubernetes`; the script gives the SDK's version."""

import sys

from sandbox.plugins.lean import import_protocol_alone

import_protocol_alone()

from sandbox.plugins.kubernetes.plugin import plugin  # noqa: E402
from sandbox.plugins.process import serve  # noqa: E402  the SDK must not be imported before the line above

serve(plugin(sys.argv[1]))
