"""When an ended container starts anew: the Pod's policy, the container's own, and its rules (KEP-5307)."""

import msgspec

from podo.api.types.core_v1 import Container, EphemeralContainer, PodSpec


def restarts(spec: PodSpec, container: Container, exit_code: int | None) -> bool:
    """Whether a container that exited with `exit_code` (None: nobody knows how) is started again.

    An init container that exited with 0 has done its work: this is not asked of it.
    """
    code = 137 if exit_code is None else exit_code
    if container.restart_policy:
        if matching_action(container, code):
            return True
        return _by_policy(container.restart_policy, code)
    return _by_policy(spec.restart_policy, code)


def _by_policy(policy: str, code: int) -> bool:
    if policy == "Never":
        return False
    return code != 0 if policy == "OnFailure" else True


def matching_action(container: Container, code: int) -> str:
    """What the first rule that matches says: to restart the container, or all of the Pod; "" if none does."""
    for rule in container.restart_policy_rules:
        codes = rule.exit_codes
        if codes is not None and (code in codes.values) == (codes.operator == "In"):
            return rule.action
    return ""


def restarts_unwell(spec: PodSpec, container: Container) -> bool:
    """Whether a container that a probe gave up is started again."""
    return (container.restart_policy or spec.restart_policy) != "Never"


def as_container(ephemeral: EphemeralContainer) -> Container:
    """An ephemeral container seen as any other; it is never restarted."""
    return msgspec.convert(msgspec.to_builtins(ephemeral), Container)
