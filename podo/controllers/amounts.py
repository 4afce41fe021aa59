"""Amounts that are numbers or percentages: maxSurge, maxUnavailable, minAvailable. Pure."""

IntOrString = int | str | None


def scaled(amount: IntOrString, total: int, *, round_up: bool) -> int:
    """`amount` as a number: a percentage is one of `total`. What is neither counts as 0; validation refuses it."""
    if amount is None or isinstance(amount, int):
        return amount or 0
    digits = amount.removesuffix("%")
    if digits == amount or not digits.isdecimal():
        return 0
    share = int(digits) * total
    return -(-share // 100) if round_up else share // 100


def fenceposts(surge: IntOrString, unavailable: IntOrString, desired: int) -> tuple[int, int]:
    """(how many more than desired, how many fewer) there may be in a rolling update.

    Both at 0, by rounding, would never move: then one may be unavailable, since surge may be refused by a quota.
    """
    above, below = scaled(surge, desired, round_up=True), scaled(unavailable, desired, round_up=False)
    return above, 1 if above == below == 0 else below
