"""Who signs the servers' certificate: a CA of our own, cert-manager, or you. Plus the names that it must have.

Each kind gives `Certificate`: the Secret's name, there before the release, and the CA. `trust.py` brings the CA to
whoever reaches Vault.
"""
