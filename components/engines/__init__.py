"""Secrets engines: one file each. Here: kv. Database, aws, ssh, pki and transit come later."""
