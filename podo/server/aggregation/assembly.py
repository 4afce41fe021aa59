"""The aggregation layer, put together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from podo.server.core import MASTER, Core
from podo.server.counting import Gauge, Labels
from podo.server.outgoing.services import Services
from podo.server.outgoing.trust import ClientCertificate

from .availability import Availability
from .carrying import Carrier
from .following import Following
from .merging import Merged
from .registered import Registered, is_available


@dataclass(frozen=True, kw_only=True)
class FrontProxy:
    """The certificate by which other servers know that the user's name in a request is ours, and its authority."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Aggregation:
    """What the HTTP side uses, and what runs beside it."""

    carrier: Carrier
    merged: Merged
    following: Following

    def lines(self) -> Iterator[str]:
        """Which APIServices are unavailable, in the text form of Prometheus."""
        registered, text = self.carrier.registered, "Whether an APIService is unavailable."
        now: dict[Labels, float] = {
            (s.metadata.name,): float(not is_available(s)) for s in registered.remote().values()
        }
        yield from Gauge("aggregator_unavailable_apiservice", text, ("name",), lambda: now).lines()
        yield from self.following.unavailable.lines()


def aggregation_of(core: Core, services: Services, own: FrontProxy | None) -> Aggregation:
    """Make the parts."""
    registered = Registered(core.cache, core.catalog)
    certificate = ClientCertificate(own.certificate, own.key) if own is not None else None
    carrier = Carrier(registered, services, certificate)
    merged = Merged(registered, carrier)
    following = Following(
        core.registry,
        core.catalog,
        core.clock,
        MASTER,
        registered=registered,
        availability=Availability(carrier, services),
        merged=merged,
    )
    return Aggregation(carrier, merged, following)
