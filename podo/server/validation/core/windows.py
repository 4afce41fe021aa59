"""What only Pods on Windows nodes may say, and what they may not."""

import re
from collections.abc import Iterator
from typing import Any

from podo.api import names
from podo.api.field_errors import forbidden, invalid
from podo.server.validation.fields import Errors, Object, named

GMSA_SPEC_MAX, DOMAIN_MAX, USER_MAX = 64 * 1024, 256, 104
_NETBIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
NOT_WINDOWS = "cannot be set for a windows pod"
POD_CONTEXT = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser"),
    *("runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"),
)
CONTAINER_CONTEXT = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged"),
    *("allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"),
)


def every_container(spec: Object, path: str) -> Iterator[tuple[Object, str]]:
    """(container, path) of all containers, in the order in which upstream visits them."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            yield container, f"{path}.{key}[{index}]"


def windows_options(errs: Errors, options: Object | None, path: str) -> None:
    """Windows' part of a security context, if there is one."""
    if options is None:
        return
    if "gmsaCredentialSpecName" in options:
        named(errs, f"{path}.gmsaCredentialSpecName", options["gmsaCredentialSpecName"], names.dns1123_subdomain)
    spec = options.get("gmsaCredentialSpec")
    if spec == "":
        errs.append(invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string"))
    elif spec and len(spec) > GMSA_SPEC_MAX:
        errs.append(invalid(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec size must be under 64 KiB"))
    user = options.get("runAsUserName")
    if user is not None:
        for message in _user_problems(user):
            errs.append(invalid(f"{path}.runAsUserName", user, f"runAsUserName{message}"))


def _user_problems(name: str) -> Iterator[str]:
    if not name:
        yield " cannot be an empty string"
        return
    if re.search(r"[\x00-\x1f\x7f]", name):
        yield " cannot contain control characters"
        return
    if name.count("\\") > 1:
        yield " cannot contain more than one backslash"
        return
    domain, backslash, user = name.rpartition("\\")
    if len(domain) >= DOMAIN_MAX:
        yield f"'s Domain length must be under {DOMAIN_MAX} characters"
    if backslash and not (_NETBIOS.fullmatch(domain) or _DNS.fullmatch(domain)):
        yield "'s Domain doesn't match the NetBios nor the DNS format"
    if not user:
        yield "'s User cannot be empty"
    elif len(user) > USER_MAX:
        yield f"'s User length must not be longer than {USER_MAX} characters"
    if re.fullmatch(r"[. ]+", user):
        yield "'s User cannot contain only periods or spaces"
    if re.search(r'["/\\:;|=,+*?<>@\[\]]', user):
        yield "'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"


def host_process(errs: Errors, spec: Object, path: str) -> None:
    """Either all containers are host processes or none is."""
    pod = spec.get("securityContext", {}).get("windowsOptions", {}).get("hostProcess")
    total = hosts = 0
    for container, where in every_container(spec, path):
        total += 1
        own = container.get("securityContext", {}).get("windowsOptions", {}).get("hostProcess")
        if pod is not None and own is not None and pod != own:
            shown = "true" if pod else "false"
            message = f"pod hostProcess value must be identical if both are specified, was {shown}"
            errs.append(invalid(f"{where}.securityContext.windowsOptions.hostProcess", own, message))
        hosts += bool(pod if own is None else own)
    if not hosts:
        return
    if hosts != total:
        message = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errs.append(invalid(path, "", message))
    if not spec.get("hostNetwork"):
        message = "hostNetwork must be true if pod contains any hostProcess containers"
        errs.append(invalid(f"{path}.hostNetwork", False, message))


def linux_pod(errs: Errors, spec: Object, path: str) -> None:
    """A Pod that says it is for Linux has no options for Windows."""
    message = "windows options cannot be set for a linux pod"
    if "windowsOptions" in spec["securityContext"]:
        errs.append(forbidden(f"{path}.securityContext.windowsOptions", message))
    for container, where in every_container(spec, path):
        if "windowsOptions" in container.get("securityContext", {}):
            errs.append(forbidden(f"{where}.securityContext.windowsOptions", message))


def windows_pod(errs: Errors, spec: Object, path: str) -> None:
    """A Pod that says it is for Windows has no options for Linux."""
    context = spec["securityContext"]
    _forbid(errs, context, POD_CONTEXT, f"{path}.securityContext")
    _forbid(errs, spec, ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"), path)
    for container, where in every_container(spec, path):
        _forbid(errs, container.get("securityContext", {}), CONTAINER_CONTEXT, f"{where}.securityContext")


def _forbid(errs: Errors, obj: Object, keys: Any, path: str) -> None:
    for key in keys:
        if key in obj:
            errs.append(forbidden(f"{path}.{key}", NOT_WINDOWS))
