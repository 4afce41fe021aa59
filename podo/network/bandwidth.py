"""How fast a Pod may receive and send: two annotations of Pods, in bits a second. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from podo.api.quantity import to_int

INGRESS_RATE, EGRESS_RATE = "kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth"
LEAST, MOST = 1000, 10**15
BURST_SECONDS, LEAST_BURST = 0.1, 65_536  # bytes: below that a packet of the kernel's own making might never pass


class Bandwidth(NamedTuple):
    """Bits a second, 0 without a limit: to the Pod, and from it."""

    ingress: int = 0
    egress: int = 0


UNLIMITED = Bandwidth()


class BandwidthError(ValueError):
    """An annotation is no rate; the text is for the user."""


def bandwidth(annotations: Mapping[str, str]) -> Bandwidth:
    """What a Pod's annotations say. Raises BandwidthError."""
    return Bandwidth(_rate(annotations, INGRESS_RATE), _rate(annotations, EGRESS_RATE))


def _rate(annotations: Mapping[str, str], name: str) -> int:
    if not (text := annotations.get(name)):
        return 0
    try:
        rate = to_int(text)
    except ValueError as error:
        raise BandwidthError(f"{name}: {error}") from error
    if not LEAST <= rate <= MOST:
        raise BandwidthError(f"{name}: {text} is not between 1k and 1P")
    return rate


def burst(rate: int) -> int:
    """How many bytes may go at once at a rate."""
    return max(LEAST_BURST, int(rate / 8 * BURST_SECONDS))
