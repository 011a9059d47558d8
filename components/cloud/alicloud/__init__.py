"""Alibaba Cloud: KMS keys, custody's bucket and roles, the servers' identity, application credentials.

`cloud.py` puts them together; `documents.py` holds every policy and trust document as a pure function.
"""
