"""Rules over all of a stack together: who reaches what in Vault, and who reaches custody.

picture.py works out once what the rules over Vault ask about; access.py, acls.py, administrators.py and audit.py ask.
"""
