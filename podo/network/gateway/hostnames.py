"""Hostnames of listeners and routes: names, names that begin with "*." (any number of labels), or "" for any. Pure."""

from collections.abc import Iterable


def covers(pattern: str, host: str) -> bool:
    """Whether all that `host` matches is matched by `pattern`."""
    if pattern in ("", host):
        return True
    return pattern.startswith("*.") and host.removeprefix("*").endswith(pattern[1:]) and host != ""


def intersection(listener: str, route: Iterable[str]) -> list[str]:
    """What of a route's hostnames (none: any) a listener of this hostname serves; [] if nothing."""
    wanted = list(route)
    if not wanted:
        return [listener]
    found = [host if covers(listener, host) else listener if covers(host, listener) else None for host in wanted]
    return list(dict.fromkeys(each for each in found if each is not None))


def specificity(host: str) -> tuple[int, int]:
    """Sorts what is more specific first."""
    return (2 if not host else 1 if host.startswith("*.") else 0, -len(host))
