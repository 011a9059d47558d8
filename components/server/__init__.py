"""The Vault servers: one contract, several kinds. A kind takes the seal as one value and knows no cloud."""
