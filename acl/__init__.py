"""Vault's ACL policies as values: written, read and evaluated. Knows nothing of Pulumi or custody/.

`grants.py`, `account.py`, `lent.py` say what each identity may do, `document.py` writes it; `reader.py` reads any acl,
`evaluator.py` answers as the server does.
"""
