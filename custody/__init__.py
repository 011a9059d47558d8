"""Custody of what init returns: prove, init, encrypt, store, verify, unseal, own; later mint and revoke a root token.

Plain Python over hvac and the clouds' own SDKs. Knows nothing of Pulumi, nor of acl/: an acl arrives here as text.
"""
