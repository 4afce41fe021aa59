"""BackendTLSPolicies: to which Services Gateways speak TLS, and how they know them. Pure.

A policy is for a port of a Service, by its name, or for all ports that have none of their own; of several for the same
the oldest counts.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from podo.client.base import Key, key_of
from podo.network.gateway.findings import ACCEPTED, RESOLVED, Finding
from podo.network.gateway.kinds import BackendTLSPolicy
from podo.network.gateway.plan import BackendTLS
from podo.network.gateway.trust import NONE_VALID, ConfigMaps, Reasons, authorities

REASONS = Reasons(kind="InvalidKind")


class Verdict(NamedTuple):
    """What a policy comes to; `tls` None: nothing may be sent."""

    policy: Key
    tls: BackendTLS | None
    findings: tuple[Finding, ...]


class BackendPolicies:
    """All policies. `services` are those that each one is about."""

    def __init__(self, policies: Iterable[BackendTLSPolicy], config_map: ConfigMaps) -> None:
        self._slots: dict[tuple[Key, str], Verdict] = {}
        self.verdicts: dict[Key, Verdict] = {}
        self.services: dict[Key, set[Key]] = {}
        for each in sorted(policies, key=lambda each: (str(each.metadata.creation_timestamp or ""), key_of(each))):
            self._read(each, config_map)

    def _read(self, policy: BackendTLSPolicy, config_map: ConfigMaps) -> None:
        key, verdict = key_of(policy), _verdict(policy, config_map)
        targets = [each for each in policy.spec.target_refs if (each.group, each.kind) == ("", "Service")]
        slots = [(Key(key.namespace, each.name), each.section_name) for each in targets]
        free = [each for each in slots if each not in self._slots]
        if slots and not free:
            words = f"{self._slots[slots[0]].policy} is older, and for the same"
            verdict = verdict._replace(findings=(Finding(ACCEPTED, False, "Conflicted", words), verdict.findings[1]))
        for each in free:
            self._slots[each] = verdict
        self.verdicts[key], self.services[key] = verdict, {service for service, _ in slots}

    def of(self, service: Key, port: str) -> Verdict | None:
        """What counts for a port of a Service."""
        return self._slots.get((service, port)) or self._slots.get((service, ""))

    def ancestors(self, used: Mapping[Key, set[Key]]) -> dict[Key, dict[Key, tuple[Finding, ...]]]:
        """What is said of each policy at the Gateways that use its Services; `used` has these by Service."""
        found = {}
        for key, services in self.services.items():
            gateways = sorted({gateway for each in services for gateway in used.get(each, ())})
            found[key] = dict.fromkeys(gateways, self.verdicts[key].findings)
        return found


def _verdict(policy: BackendTLSPolicy, config_map: ConfigMaps) -> Verdict:
    key, validation = key_of(policy), policy.spec.validation
    found = authorities(validation.ca_certificate_refs, key.namespace, config_map, reasons=REASONS)
    resolved = Finding(RESOLVED, False, *found.problem) if found.problem else Finding(RESOLVED, True, RESOLVED)
    known = {"": found.pem != b"", "System": True}.get(validation.well_known_ca_certificates)
    if known is None:
        words = f"there are no well-known authorities {validation.well_known_ca_certificates}"
        return Verdict(key, None, (Finding(ACCEPTED, False, "Invalid", words), resolved))
    if not known:
        words = found.problem[1] if found.problem else "no authority is named"
        return Verdict(key, None, (Finding(ACCEPTED, False, NONE_VALID, words), resolved))
    names = [each.hostname for each in validation.subject_alt_names]
    if len(names) > 1 or "" in names:
        words = "of subjectAltNames only one, a Hostname, is supported"
        return Verdict(key, None, (Finding(ACCEPTED, False, "Invalid", words), resolved))
    tls = BackendTLS(validation.hostname, names[0] if names else validation.hostname, found.pem)
    return Verdict(key, tls, (Finding(ACCEPTED, True, ACCEPTED), resolved))
