"""What can go wrong when a region is made."""


class SimulateError(Exception):
    """The region cannot be made as asked; the message says what to change."""
