"""What stops a command of the sandbox: one line that says what is wrong and what to do."""


class ProblemError(Exception):
    """Printed as one line; the exit code is 1."""

    def __init__(self, wrong: str, cure: str) -> None:
        super().__init__(f"{wrong}; {cure}")
