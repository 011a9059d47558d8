"""What an environment says, read once and refused early: `settings, catalog = load()` of `settings.load`.

Nothing is imported here: who needs one part of it (`ops workload`) doesn't pay for the models of all.
"""
