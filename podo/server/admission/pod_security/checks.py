"""Which checks make a standard, and what they say of a Pod."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from podo.server.admission.pod_security import baseline, restricted
from podo.server.admission.pod_security.levels import BASELINE, PRIVILEGED, RESTRICTED, Standard
from podo.server.admission.pod_security.subject import Check, Refusal, Subject

BASELINE_CHECKS: tuple[tuple[str, Mapping[int, Check]], ...] = (
    ("appArmorProfile", {0: baseline.app_armor}),
    ("capabilities_baseline", {0: baseline.default_capabilities}),
    ("hostNamespaces", {0: baseline.host_namespaces}),
    ("hostPathVolumes", {0: baseline.host_path_volumes}),
    ("hostPorts", {0: baseline.host_ports}),
    ("hostProbesAndHostLifecycle", {34: baseline.host_probes}),
    ("privileged", {0: baseline.privileged}),
    ("procMount", {0: baseline.proc_mount, 35: baseline.unless_own_users(baseline.proc_mount)}),
    (
        "seLinuxOptions",
        {0: baseline.se_linux(baseline.SE_LINUX), 31: baseline.se_linux(baseline.SE_LINUX | {"container_engine_t"})},
    ),
    ("seccompProfile_baseline", {0: baseline.seccomp_annotations, 19: baseline.seccomp}),
    (
        "sysctls",
        {
            0: baseline.sysctls(baseline.SYSCTLS),
            27: baseline.sysctls(baseline.SYSCTLS_27),
            29: baseline.sysctls(baseline.SYSCTLS_29),
            32: baseline.sysctls(baseline.SYSCTLS_32),
        },
    ),
    ("windowsHostProcess", {0: baseline.windows_host_process}),
)
"""By their names, in order of those: from which minor version on which check holds."""
RESTRICTED_CHECKS: tuple[tuple[str, str, Mapping[int, Check]], ...] = (
    (
        "allowPrivilegeEscalation",
        "",
        {8: restricted.privilege_escalation, 25: restricted.unless_windows(restricted.privilege_escalation)},
    ),
    (
        "capabilities_restricted",
        "capabilities_baseline",
        {22: restricted.few_capabilities, 25: restricted.unless_windows(restricted.few_capabilities)},
    ),
    ("procMount_restricted", "procMount", {35: baseline.proc_mount}),
    ("restrictedVolumes", "hostPathVolumes", {0: restricted.restricted_volumes}),
    ("runAsNonRoot", "", {0: restricted.run_as_non_root, 35: baseline.unless_own_users(restricted.run_as_non_root)}),
    ("runAsUser", "", {23: restricted.run_as_user, 35: baseline.unless_own_users(restricted.run_as_user)}),
    (
        "seccompProfile_restricted",
        "seccompProfile_baseline",
        {19: restricted.seccomp_set, 25: restricted.unless_windows(restricted.seccomp_set)},
    ),
)
"""The same for the strictest level; the second is the check of the other level in whose stead it stands."""


def _as_of(versions: Mapping[int, Check], minor: int) -> Check | None:
    held = [since for since in versions if since <= minor]
    return versions[max(held)] if held else None


@lru_cache(maxsize=128)
def checks_of(standard: Standard) -> tuple[Check, ...]:
    """The checks of a standard, in order."""
    if standard.level == PRIVILEGED:
        return ()
    basic = {name: _as_of(versions, standard.minor) for name, versions in BASELINE_CHECKS}
    more: list[Any] = []
    if standard.level == RESTRICTED:
        for _, replaced, versions in RESTRICTED_CHECKS:
            check = _as_of(versions, standard.minor)
            more.append(check)
            if check is not None:
                basic.pop(replaced, None)
    assert standard.level in (BASELINE, RESTRICTED)
    return tuple(check for check in [*basic.values(), *more] if check is not None)


def refusals(standard: Standard, subject: Subject) -> list[Refusal]:
    """All reasons why a Pod does not meet a standard."""
    found = (check(subject) for check in checks_of(standard))
    return [refusal for refusal in found if refusal is not None]


def detailed(found: Iterable[Refusal]) -> str:
    """Refusals with their details."""
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in found)
