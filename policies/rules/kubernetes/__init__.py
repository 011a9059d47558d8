"""Rules over the Helm release of Vault's chart, the servers' configuration, and plain objects.

What a chart renders no policy sees: it sees the chart's values. `containers.py` makes both look alike.
"""
