"""What keeps the stack from running, told to whoever started it."""


class StackError(Exception):
    """A condition that a person must mend; `exit_code` is 2 where a setting mends it, else 1."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
