"""Rules over each resource of Vault's: acls, roles, tokens, mounts, and what must not stand anywhere in plain text.

What needs several resources at once is beside it, in stack/.
"""
