"""Security contexts of Pods and containers."""

import re

from podo.api.field_errors import duplicate, invalid, not_supported, required, too_long
from podo.server.validation.core.options import PodOptions
from podo.server.validation.core.windows import windows_options
from podo.server.validation.fields import Errors, Object, one_of, ranged
from podo.server.validation.internal_form import internal_form
from podo.server.validation.paths import descending

ID_MAX = 2**31 - 1
SYSCTL = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL_RE = re.compile(SYSCTL)
SYSCTL_MAX, APP_ARMOR_MAX = 253, 4095
SECCOMP_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")


def container_security(errs: Errors, obj: Object, path: str, host_users: bool) -> None:
    """The security context of a container."""
    for key in ("runAsUser", "runAsGroup"):
        if key in obj:
            ranged(errs, f"{path}.{key}", obj[key], 0, ID_MAX)
    if "procMount" in obj:
        if obj["procMount"] not in ("Default", "Unmasked"):
            errs.append(not_supported(f"{path}.procMount", obj["procMount"], ("Default", "Unmasked")))
        if host_users and obj["procMount"] == "Unmasked":
            errs.append(invalid(f"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`"))
    seccomp_profile(errs, obj.get("seccompProfile"), f"{path}.seccompProfile")
    if obj.get("allowPrivilegeEscalation") is False:
        if obj.get("privileged"):
            message = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errs.append(invalid(path, internal_form("SecurityContext", obj), message))
        if "CAP_SYS_ADMIN" in obj.get("capabilities", {}).get("add", ()):
            message = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errs.append(invalid(path, internal_form("SecurityContext", obj), message))
    windows_options(errs, obj.get("windowsOptions"), f"{path}.windowsOptions")
    app_armor_profile(errs, obj.get("appArmorProfile"), f"{path}.appArmorProfile")


def pod_security(errs: Errors, spec: Object, path: str, opts: PodOptions) -> None:
    """The security context of a Pod, and the fields of its spec that belong to it."""
    obj = spec["securityContext"]
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        if key in obj:
            ranged(errs, f"{path}.{key}", obj[key], 0, ID_MAX)
    for index, group in enumerate(obj.get("supplementalGroups", ())):
        ranged(errs, f"{path}.supplementalGroups[{index}]", group, 0, ID_MAX)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        message = "ShareProcessNamespace and HostPID cannot both be enabled"
        errs.append(invalid(f"{path}.shareProcessNamespace", True, message))
    if "sysctls" in obj:
        _sysctls(errs, obj["sysctls"], spec, f"{path}.sysctls", opts)
    if "fsGroupChangePolicy" in obj:
        one_of(errs, f"{path}.fsGroupChangePolicy", obj["fsGroupChangePolicy"], ("Always", "OnRootMismatch"))
    seccomp_profile(errs, obj.get("seccompProfile"), f"{path}.seccompProfile")
    windows_options(errs, obj.get("windowsOptions"), f"{path}.windowsOptions")
    app_armor_profile(errs, obj.get("appArmorProfile"), f"{path}.appArmorProfile")
    if "supplementalGroupsPolicy" in obj:
        one_of(errs, f"{path}.supplementalGroupsPolicy", obj["supplementalGroupsPolicy"], ("Merge", "Strict"))
    if "seLinuxChangePolicy" in obj:
        known = ("Recursive",) if opts.allow_recursive_selinux_only else ("MountOption", "Recursive")
        one_of(errs, f"{path}.seLinuxChangePolicy", obj["seLinuxChangePolicy"], known)


def _sysctls(errs: Errors, sysctls: list[Object], spec: Object, path: str, opts: PodOptions) -> None:
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        where, name = f"{path}[{index}].name", sysctl["name"]
        if not name:
            errs.append(required(where))
        elif len(name) > SYSCTL_MAX or not _SYSCTL_RE.fullmatch(name):
            message = f"must have at most {SYSCTL_MAX} characters and match regex ^{SYSCTL}$"
            errs.append(invalid(where, name, message))
        elif name in seen:
            errs.append(duplicate(where, name))
        if not opts.allow_namespaced_sysctls_on_host and (shared := _shared_namespace(name, spec)):
            errs.append(invalid(where, name, f"may not be specified when '{shared}' is true"))
        seen.add(name)


def _shared_namespace(sysctl: str, spec: Object) -> str:
    """Which namespace of the host a sysctl would be set in, if any: hostNetwork or hostIPC."""
    plain = _dotted(sysctl)
    if spec.get("hostNetwork") and plain.startswith("net."):
        return "hostNetwork"
    return "hostIPC" if spec.get("hostIPC") and plain.startswith(IPC_SYSCTLS) else ""


def sysctl_conflicts(spec: Object) -> bool:
    """Whether a PodSpec sets sysctls of the host's namespaces."""
    return any(_shared_namespace(s["name"], spec) for s in spec["securityContext"].get("sysctls", ()))


def _dotted(name: str) -> str:
    """A sysctl with dots as separators; the first separator tells which are meant."""
    separator = re.search(r"[./]", name)
    if separator is None or separator[0] == ".":
        return name
    return name.translate(str.maketrans("./", "/."))


def seccomp_profile(errs: Errors, profile: Object | None, path: str) -> None:
    """A seccomp profile, if there is one."""
    if profile is None:
        return
    kind = profile["type"]
    if not kind:
        errs.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in SECCOMP_TYPES:
        errs.append(not_supported(f"{path}.type", kind, SECCOMP_TYPES))
    local = profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            errs.append(required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            descending(errs, f"{path}.localhostProfile", local)
    elif local is not None:
        message = "can only be set when seccomp type is Localhost"
        errs.append(invalid(f"{path}.localhostProfile", internal_form("SeccompProfile", profile), message))


def app_armor_profile(errs: Errors, profile: Object | None, path: str) -> None:
    """An AppArmor profile, if there is one."""
    if profile is None:
        return
    kind, local, where = profile["type"], profile.get("localhostProfile"), f"{path}.localhostProfile"
    if kind == "Localhost":
        if local is None:
            errs.append(required(where, "must be set when AppArmor type is Localhost"))
            return
        if local.strip() != local:
            errs.append(invalid(where, local, "must not be padded with whitespace"))
        elif not local:
            errs.append(required(where, "must be set when AppArmor type is Localhost"))
        if len(local) > APP_ARMOR_MAX:
            errs.append(too_long(where, APP_ARMOR_MAX))
    elif kind in ("RuntimeDefault", "Unconfined"):
        if local is not None:
            errs.append(invalid(where, local, "can only be set when AppArmor type is Localhost"))
    elif not kind:
        errs.append(required(f"{path}.type", "type is required when appArmorProfile is set"))
    else:
        errs.append(not_supported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined")))
