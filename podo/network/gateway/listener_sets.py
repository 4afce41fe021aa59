"""Which ListenerSets are a Gateway's, and what is said of them. Pure.

A Gateway says from which namespaces it takes ListenerSets: by default from none. Where two want the same, the Gateway's
own listeners come first, then those of older sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from podo.api.selectors import from_object
from podo.client.base import Key, key_of
from podo.network.gateway.attachment import Labels, parent_of
from podo.network.gateway.findings import ACCEPTED, PROGRAMMED, Finding
from podo.network.gateway.kinds import Gateway, ListenerSet
from podo.network.gateway.listeners import ListenerState, Owner

NOT_VALID = "ListenersNotValid"


@dataclass
class SetState:
    """A ListenerSet of a Gateway, and its listeners; none if the Gateway does not take it."""

    gateway: Key
    allowed: bool
    listeners: list[ListenerState] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether it counts as one of the Gateway's."""
        return self.allowed and any(each.programmed for each in self.listeners)

    def findings(self, trouble: Finding | None) -> list[Finding]:
        """Its conditions. `trouble` is that of its Gateway, as in `status.py`."""
        if not self.allowed:
            return _refused("NotAllowed", "the Gateway takes no ListenerSets of this namespace")
        if trouble is not None and trouble.type == ACCEPTED:
            return _refused("ParentNotAccepted", trouble.message)
        if refused := [each.listener.name for each in self.listeners if not each.programmed]:
            words = f"not valid: {', '.join(refused)}"
            if not self.accepted:
                return _refused(NOT_VALID, words)
            accepted = Finding(ACCEPTED, True, NOT_VALID, words)
        else:
            accepted = Finding(ACCEPTED, True, ACCEPTED)
        if trouble is not None:
            return [accepted, Finding(PROGRAMMED, False, "Pending", trouble.message)]
        return [accepted, Finding(PROGRAMMED, True, PROGRAMMED)]


def _refused(reason: str, words: str) -> list[Finding]:
    return [Finding(ACCEPTED, False, reason, words), Finding(PROGRAMMED, False, reason, words)]


def in_order(sets: Iterable[ListenerSet]) -> list[ListenerSet]:
    """The older ones first."""
    return sorted(sets, key=lambda each: (str(each.metadata.creation_timestamp or ""), key_of(each)))


def gateway_of(found: ListenerSet) -> Key | None:
    """The Gateway that a set is for."""
    parent = parent_of(found.spec.parent_ref, found.metadata.namespace)
    return parent.key if isinstance(parent, Owner) and parent.kind == "Gateway" else None


def takes(gateway: Gateway, namespace: str, labels: Labels) -> bool:
    """Whether a Gateway takes ListenerSets of a namespace."""
    rule = gateway.spec.allowed_listeners.namespaces
    if rule.from_ == "All":
        return True
    if rule.from_ == "Selector":
        found = labels(namespace)
        return rule.selector is not None and found is not None and from_object(rule.selector).matches(found)
    return rule.from_ == "Same" and namespace == gateway.metadata.namespace
