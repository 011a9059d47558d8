"""Vault's ACL policies as values: written here; read and evaluated here later. Knows nothing of Pulumi or custody/."""
