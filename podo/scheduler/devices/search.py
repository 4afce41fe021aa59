"""The search: requests in their order, devices in theirs, the first solution wins.

Every combination of devices is tried, but no two orders of one combination. It takes one frame of the stack a device.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from podo.api import quantity
from podo.scheduler.devices.capacity import consumed
from podo.scheduler.devices.constraints import Constraint
from podo.scheduler.devices.ledger import Ledger
from podo.scheduler.devices.pools import Offer
from podo.scheduler.devices.wanted import Wanted

MOST_RESULTS = 32
"""The most devices that a claim may have."""
MOST_STEPS = 20_000
"""When it is given up: a second or two, in which the scheduler does nothing else."""


class AllocationError(Exception):
    """Something is wrong with a claim or a class, whatever the node."""


class GivenUp(Exception):
    """There are too many combinations to try."""


class TooMany(Exception):
    """The claim would have more devices than it may: the search goes back to where fewer can be chosen."""


@dataclass(frozen=True)
class Option:
    """A way to meet a request: how many devices; exactly which, if it asks for all there are."""

    wanted: Wanted
    number: int
    devices: Sequence[Offer] | None = None


@dataclass(frozen=True)
class Choice:
    """A device that a claim gets; `share` says how much of it, if it is shared."""

    wanted: Wanted
    offer: Offer
    share: dict[str, str] | None


@dataclass
class ClaimSearch:
    """A claim: for each request the options, the best first; what was chosen of both, once it is found."""

    label: str
    requests: Sequence[Sequence[Option]]
    constraints: Sequence[Constraint] = ()
    chosen: list[Choice] = field(default_factory=list)
    picked: dict[int, Option] = field(default_factory=dict)


class Search:
    """`selects` says whether a device is what a request wants, by the expressions and by its node."""

    def __init__(
        self,
        claims: Sequence[ClaimSearch],
        offers: Sequence[Offer],
        ledger: Ledger,
        selects: Callable[[str, Wanted, Offer], bool],
        most_steps: int = MOST_STEPS,
    ) -> None:
        self._claims, self._offers, self._ledger, self._selects = claims, offers, ledger, selects
        self._steps = most_steps

    def run(self) -> bool:
        """Whether there is a solution; the claims have it then. Raises AllocationError, GivenUp."""
        try:
            return self._claim(0)
        except TooMany:
            return False
        except RecursionError as error:
            raise GivenUp from error

    def _claim(self, c: int) -> bool:
        return c == len(self._claims) or self._request(c, 0)

    def _request(self, c: int, r: int) -> bool:
        claim = self._claims[c]
        if r == len(claim.requests):
            try:
                return self._claim(c + 1)
            except TooMany:  # with other devices for this claim the next one may do with fewer
                return False
        only_too_many = True
        for option in claim.requests[r]:
            try:
                if self._device(c, r, option, 0, 0):
                    claim.picked[r] = option
                    return True
                only_too_many = False
            except TooMany:
                continue
        if only_too_many:
            raise TooMany
        return False

    def _device(self, c: int, r: int, option: Option, n: int, start: int) -> bool:
        """Find the device number `n` of a request and all that come after it."""
        self._steps -= 1
        if self._steps < 0:
            raise GivenUp
        if n >= option.number:
            return self._request(c, r + 1) if option.number or option.devices is None else False
        claim = self._claims[c]
        if len(claim.chosen) + option.number - n > MOST_RESULTS:
            raise TooMany
        fixed = option.devices is not None
        for i in range(n, n + 1) if fixed else range(start, len(self._offers)):
            offer = option.devices[i] if option.devices is not None else self._offers[i]
            if (taken := self._take(c, option.wanted, offer, must=fixed)) is None:
                continue
            done = False
            try:
                done = self._device(c, r, option, n + 1, i + 1)
            finally:
                if not done:
                    self._give_back(claim, option.wanted, offer, paid=taken)
            if done:
                return True
        return False

    def _take(self, c: int, wanted: Wanted, offer: Offer, *, must: bool) -> bool | None:
        """Choose a device, if that can be: whether counters were paid for it; None if it cannot."""
        claim, ledger = self._claims[c], self._ledger
        if not ledger.is_free(c, wanted, offer) or not self._selects(claim.label, wanted, offer):
            return None
        if not ledger.has_room(wanted, offer) or not ledger.has_counters(offer) or not wanted.bears(offer.device):
            return None
        for i, constraint in enumerate(claim.constraints):
            if not constraint.add(wanted, offer):
                if must:
                    why = f"cannot add device {offer.id} because a claim constraint would not be satisfied"
                    raise AllocationError(f"claim {claim.label}, request {wanted.name}: {why}")
                for earlier in claim.constraints[:i]:
                    earlier.remove(wanted)
                return None
        share = consumed(wanted.capacity, offer.device) if offer.device.allow_multiple_allocations else None
        amounts = None if share is None else {name: quantity.parse(text) for name, text in share.items()}
        claim.chosen.append(Choice(wanted, offer, share))
        return ledger.take(c, offer, amounts)

    def _give_back(self, claim: ClaimSearch, wanted: Wanted, offer: Offer, *, paid: bool) -> None:
        for constraint in claim.constraints:
            constraint.remove(wanted)
        self._ledger.give_back(offer, shared=claim.chosen.pop().share is not None, paid=paid)
