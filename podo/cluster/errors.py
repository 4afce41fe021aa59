"""What goes wrong in a cluster's life, said to the person at the terminal."""


class ClusterError(Exception):
    """What happened, to what, and `hint`: what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
