"""Levels, versions, and the policy that the labels of a namespace set."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from podo.api.field_errors import FieldError, invalid

PRIVILEGED, BASELINE, RESTRICTED = "privileged", "baseline", "restricted"
LEVELS = (PRIVILEGED, BASELINE, RESTRICTED)
"""From the least to the most strict."""
PREFIX = "pod-security.kubernetes.io/"
LATEST = 1 << 30
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")


class Standard(NamedTuple):
    """A level, as of a minor version of Kubernetes (LATEST: the newest)."""

    level: str = PRIVILEGED
    minor: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.minor == LATEST else f'v1.{self.minor}'}"


class Policy(NamedTuple):
    """What is enforced, noted in the audit log, and warned of."""

    enforce: Standard = Standard()
    audit: Standard = Standard()
    warn: Standard = Standard()

    @property
    def allows_everything(self) -> bool:
        """Whether nothing need be checked."""
        return {self.enforce.level, self.audit.level, self.warn.level} == {PRIVILEGED}


NO_POLICY = Policy()


def policy_of(labels: Mapping[str, str], defaults: Policy = NO_POLICY) -> tuple[Policy, list[FieldError]]:
    """The policy that labels set, and what is wrong with them; there is always a policy.

    `defaults` count where labels say nothing. Who enforces more than is warned of and says nothing of warnings, is
    warned of what is enforced.
    """
    errors: list[FieldError] = []
    standards = {}
    for mode, otherwise in (("enforce", RESTRICTED), ("audit", PRIVILEGED), ("warn", PRIVILEGED)):
        default: Standard = getattr(defaults, mode)
        level = _level(labels, mode, default.level, otherwise, errors)
        standards[mode] = Standard(level, _minor(labels, f"{mode}-version", default.minor, errors))
    enforce, warn = standards["enforce"], standards["warn"]
    good = labels.get(f"{PREFIX}enforce", "") in LEVELS
    if f"{PREFIX}warn" not in labels and good and stricter(enforce.level, warn.level):
        minor = warn.minor if f"{PREFIX}warn-version" in labels else enforce.minor
        standards["warn"] = Standard(enforce.level, minor)
    return Policy(**standards), errors


def stricter(one: str, other: str) -> bool:
    """Whether the first level is more strict."""
    return LEVELS.index(one) > LEVELS.index(other)


def _level(labels: Mapping[str, str], mode: str, default: str, otherwise: str, errors: list[FieldError]) -> str:
    value = labels.get(f"{PREFIX}{mode}", default)
    if value in LEVELS:
        return value
    errors.append(invalid(f"metadata.labels[{PREFIX}{mode}]", value, f"must be one of {', '.join(LEVELS)}"))
    return otherwise


def _minor(labels: Mapping[str, str], name: str, default: int, errors: list[FieldError]) -> int:
    value = labels.get(f"{PREFIX}{name}")
    if value is None:
        return default
    if value == "latest":
        return LATEST
    if (match := _VERSION.fullmatch(value)) is not None:
        return int(match[1])
    errors.append(invalid(f"metadata.labels[{PREFIX}{name}]", value, 'must be "latest" or "v1.x"'))
    return LATEST
