"""The stand-in for Pulumi's vault plugin: the real server's HTTP API."""
