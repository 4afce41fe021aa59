"""Durations as the Gateway API writes them (GEP-2257): 1h30m, 15s, 250ms."""

import re

_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


def milliseconds(text: str) -> int:
    """The length of a duration; what is no duration counts for nothing."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]{1,5})(ms|h|m|s)", text))
