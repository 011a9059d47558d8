"""What Vault needs from a cloud: seal key, custody, the servers' identity, application credentials.

`contract.py` is all that the rest of the program knows; each cloud keeps its own kinds inside. What both say alike
(`kept.py`, `naming.py`, `rotation.py`) stands beside them.
"""
