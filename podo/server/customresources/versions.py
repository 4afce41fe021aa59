"""The order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, and then what is named otherwise."""

import re

_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")
_STAGES = {"alpha": 1, "beta": 2, None: 3}


def rank(version: str) -> tuple[int, int, int, str]:
    """Sort by this, the preferred version is the first."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return 0, 0, 0, version
    return -_STAGES[found[2]], -int(found[1]), -int(found[3] or 0), version
