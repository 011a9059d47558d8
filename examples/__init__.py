"""What runs beside Vault to show that it works: nothing here is needed by anybody."""
