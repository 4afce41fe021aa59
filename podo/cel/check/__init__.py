"""Types and static costs of an expression."""
