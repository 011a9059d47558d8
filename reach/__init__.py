"""How this process reaches servers that it has no network to: pods, through the Kubernetes API server.

Plain Python; knows nothing of Pulumi, custody/ or acl/. Addresses come in, local ports come out.
"""
