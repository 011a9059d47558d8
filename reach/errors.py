"""What goes wrong on the way to the servers."""


class ReachError(Exception):
    """One line that says what can't be reached and what to do."""
