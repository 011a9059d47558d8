"""Who may log in and with which acl: one file a login method, one for what services and teams may do.

`login_mount.py` says what becomes of a mount that is renamed.
"""
