"""Pulumi components: one noun, one file. No network in constructors; documents are pure functions.

Not here: what talks to servers (custody/), what renders acls (acl/), what knows emulators (sandbox/).
"""
