"""The one error that custody raises."""


class CustodyError(Exception):
    """What went wrong and what to do about it, in one line. Never holds a secret."""

    def __init__(self, cause: str, cure: str) -> None:
        self.cause = cause
        self.cure = cure
        super().__init__(f"{cause}; {cure}")
