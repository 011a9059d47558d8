"""What an application's pod needs: its ServiceAccount, and the way its secrets come into it.

`access.py`: how pods reach Vault. `injector.py`, `csi.py`, `external_secret.py`: the documents of each way, as pure
functions. `paste.py`: what a team pastes. `workload.py`: the component that declares what is ours. Only that one
imports Pulumi, so that `python -m ops workload` is quick.
"""
