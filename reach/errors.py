"""What goes wrong on the way to the servers."""


class ReachError(Exception):
    """One line that says what can't be reached and what to do."""


class EndsError(ReachError):
    """A server's program begins, and ends again and again."""
