"""Probes and lifecycle hooks."""

import signal
from typing import Any

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, named, non_negative, one_of

HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_REAL_TIME = [f"SIGRTMIN+{n}" for n in range(1, 16)] + [f"SIGRTMAX-{n}" for n in range(1, 15)]
LINUX_SIGNALS = frozenset(
    {s.name for s in signal.Signals}
    | {"SIGCLD", "SIGIOT", "SIGPOLL", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX"}
    | {*_REAL_TIME}
)
WINDOWS_SIGNALS = ("SIGKILL", "SIGTERM")


def probe(errs: Errors, obj: Object, kind: str, path: str, grace: int | None) -> None:
    """A probe; `kind` is livenessProbe, readinessProbe or startupProbe."""
    handler(errs, obj, path, grace)
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        non_negative(errs, f"{path}.{key}", obj.get(key, 0))
    termination = obj.get("terminationGracePeriodSeconds")
    if termination is not None and termination <= 0:
        errs.append(invalid(f"{path}.terminationGracePeriodSeconds", termination, "must be greater than 0"))
    if kind == "readinessProbe":
        if termination is not None:
            message = "must not be set for readinessProbes"
            errs.append(invalid(f"{path}.terminationGracePeriodSeconds", termination, message))
    elif obj.get("successThreshold", 0) != 1:
        errs.append(invalid(f"{path}.successThreshold", obj.get("successThreshold", 0), "must be 1"))


def lifecycle(errs: Errors, obj: Object, path: str, grace: int | None, os: str) -> None:
    """The hooks of a container; `os` is the operating system that its Pod names, if any."""
    for key in ("postStart", "preStop"):
        if key in obj:
            handler(errs, obj[key], f"{path}.{key}", grace)
    if "stopSignal" in obj:
        _stop_signal(errs, obj["stopSignal"], f"{path}.stopSignal", os)


def _stop_signal(errs: Errors, name: str, path: str, os: str) -> None:
    if not os:
        errs.append(forbidden(path, "may not be set for containers with empty `spec.os.name`"))
    elif os == "windows":
        one_of(errs, path, name, WINDOWS_SIGNALS)
    elif os == "linux":
        one_of(errs, path, name, LINUX_SIGNALS)


def handler(errs: Errors, obj: Object, path: str, grace: int | None) -> None:
    """What a probe or hook does: exactly one of a few things."""
    found = ""
    for key in HANDLERS:
        if key in obj:
            if found:
                errs.append(forbidden(f"{path}.{key}", "may not specify more than 1 handler type"))
            else:
                found = key
                _action(errs, key, obj[key], f"{path}.{key}", grace)
    if not found:
        errs.append(required(path, "must specify a handler type"))


def _action(errs: Errors, kind: str, action: Object, path: str, grace: int | None) -> None:
    if kind == "exec":
        if not action.get("command"):
            errs.append(required(f"{path}.command"))
    elif kind == "httpGet":
        _http_get(errs, action, path)
    elif kind == "sleep":
        seconds = action["seconds"]
        if grace is not None and not 0 <= seconds <= grace:
            message = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            errs.append(invalid(path, seconds, message))
    else:
        port(errs, action["port"], f"{path}.port")


def _http_get(errs: Errors, action: Object, path: str) -> None:
    if not action.get("path"):
        errs.append(required(f"{path}.path"))
    port(errs, action["port"], f"{path}.port")
    if action["scheme"] not in ("HTTP", "HTTPS"):
        errs.append(not_supported(f"{path}.scheme", action["scheme"], ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders", ()):
        named(errs, f"{path}.httpHeaders", header["name"], names.http_header)


def port(errs: Errors, value: Any, path: str) -> None:
    """The number or the name of a port."""
    if isinstance(value, str):
        named(errs, path, value, names.port_name)
    elif not 1 <= value <= 65535:
        errs.append(invalid(path, value, "must be between 1 and 65535, inclusive"))
