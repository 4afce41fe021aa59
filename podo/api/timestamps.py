"""metav1.Time and MicroTime as the wire has them: RFC 3339 in UTC, to the second or with six decimals."""

from datetime import UTC, datetime


def format_time(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`; fractions are cut."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_microtime(moment: datetime) -> str:
    """`2026-01-02T03:04:05.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """The moment that a Time or MicroTime names, in UTC. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)
