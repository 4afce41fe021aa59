"""What PodSecurity is told: the policy of namespaces that say nothing, and who and what it leaves alone."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from podo.server.admission.configuration import Chosen
from podo.server.admission.pod_security.levels import LEVELS, PREFIX, PRIVILEGED, Policy, policy_of
from podo.server.options import OptionError

NAME, KIND = "PodSecurity", "PodSecurityConfiguration"
VERSIONS = tuple(f"pod-security.admission.config.k8s.io/{version}" for version in ("v1", "v1beta1", "v1alpha1"))


class Defaults(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """As the labels of a namespace, without their prefix."""

    enforce: str = PRIVILEGED
    enforce_version: str = "latest"
    audit: str = PRIVILEGED
    audit_version: str = "latest"
    warn: str = PRIVILEGED
    warn_version: str = "latest"


class Exemptions(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is not checked."""

    usernames: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    runtime_classes: tuple[str, ...] = ()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PodSecurityConfiguration."""

    defaults: Defaults = Defaults()
    exemptions: Exemptions = Exemptions()


class Settings(NamedTuple):
    """The same, read."""

    defaults: Policy = Policy()
    exemptions: Exemptions = Exemptions()

    def exempt(self, namespace: str, user: str) -> str:
        """By what requests are exempt: "namespace", "user" or ""."""
        if namespace in self.exemptions.namespaces:
            return "namespace"
        return "user" if user in self.exemptions.usernames else ""


NO_SETTINGS = Settings()


def settings(chosen: Chosen) -> Settings:
    """The settings that were chosen. Raises OptionError."""
    told = chosen.told(NAME, Configuration, KIND, VERSIONS)
    if told is None:
        return NO_SETTINGS
    given = {f"{PREFIX}{name}": value for name, value in msgspec.to_builtins(told.defaults).items()}
    policy, errors = policy_of(given)
    if errors:
        levels = ", ".join(LEVELS)
        raise OptionError(
            f"{NAME}: defaults: levels are {levels}, versions latest or v1.x: {msgspec.to_builtins(told)}"
        )
    return Settings(policy, told.exemptions)


def ignored(namespace: str, policy: Policy, defaults: Policy, labels: Mapping[str, str]) -> str:
    """The warning about labels of a namespace that is exempt; "" where they ask for nothing."""
    if policy.allows_everything or policy == defaults:
        return ""
    said = [
        f"{mode}={standard}"
        for mode, standard in policy._asdict().items()
        if standard.level != PRIVILEGED and not labels.keys().isdisjoint((PREFIX + mode, f"{PREFIX}{mode}-version"))
    ]
    return f'namespace "{namespace}" is exempt from Pod Security, and the policy ({", ".join(said)}) will be ignored'
