"""Seccomp profiles: from the form that Docker, Podman and Kubernetes use to the one of the OCI runtime specification.

RuntimeDefault is the profile that the distribution ships for all its container tools (containers-common).
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ProfileType, SecurityProfile

DEFAULT_PROFILES = (Path("/etc/containers/seccomp.json"), Path("/usr/share/containers/seccomp.json"))
NATIVE = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64", "s390x": "SCMP_ARCH_S390X"}


@dataclass(frozen=True)
class Machine:
    """What a profile's conditions ask about."""

    architecture: str  # in Go's words
    kernel: tuple[int, int]


def linux_seccomp(profile: SecurityProfile, capabilities: Set[str], machine: Machine) -> dict[str, Any] | None:
    """`linux.seccomp` of a container, or None if it is unconfined. Raises RuntimeFailure for a bad profile."""
    if profile.type is ProfileType.UNCONFINED:
        return None
    if profile.type is ProfileType.LOCALHOST:
        path = Path(profile.localhost_ref)
    else:
        path = next((p for p in DEFAULT_PROFILES if p.exists()), DEFAULT_PROFILES[-1])
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeFailure(f"cannot load seccomp profile {str(path)!r}: {error}") from error
    return resolve_profile(document, capabilities, machine)


def resolve_profile(profile: Mapping[str, Any], capabilities: Set[str], machine: Machine) -> dict[str, Any]:
    """Decide the conditions (includes, excludes) and the architectures."""
    resolved: dict[str, Any] = {"defaultAction": profile.get("defaultAction", "SCMP_ACT_ERRNO")}
    if profile.get("defaultErrnoRet") is not None:
        resolved["defaultErrnoRet"] = profile["defaultErrnoRet"]
    resolved["architectures"] = _architectures(profile, machine)
    resolved |= {key: profile[key] for key in ("flags", "listenerPath", "listenerMetadata") if profile.get(key)}
    rules = [rule for rule in profile.get("syscalls") or () if _applies(rule, capabilities, machine)]
    resolved["syscalls"] = [_rule(rule) for rule in rules]
    return resolved


def _architectures(profile: Mapping[str, Any], machine: Machine) -> list[str]:
    native = NATIVE.get(machine.architecture, "")
    for entry in profile.get("archMap") or ():
        if entry.get("architecture") == native:
            return [native, *(entry.get("subArchitectures") or ())]
    return list(profile.get("architectures") or ([native] if native else []))


def _applies(rule: Mapping[str, Any], capabilities: Set[str], machine: Machine) -> bool:
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("arches") and machine.architecture not in includes["arches"]:
        return False
    if not set(includes.get("caps") or ()) <= capabilities:
        return False
    if includes.get("minKernel") and machine.kernel < _version(includes["minKernel"]):
        return False
    if machine.architecture in (excludes.get("arches") or ()) or set(excludes.get("caps") or ()) & capabilities:
        return False
    return not (excludes.get("minKernel") and machine.kernel >= _version(excludes["minKernel"]))


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = rule.get("names") or [rule["name"]]
    resolved: dict[str, Any] = {"names": list(names), "action": rule["action"]}
    if rule.get("errnoRet") is not None:
        resolved["errnoRet"] = rule["errnoRet"]
    if rule.get("args"):
        resolved["args"] = rule["args"]
    return resolved


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
