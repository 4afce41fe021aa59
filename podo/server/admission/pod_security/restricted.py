"""What the level `restricted` asks beside. Each check gives None, or why a Pod is refused."""

from podo.server.admission.pod_security.baseline import added_capabilities, seccomp, seccomp_types
from podo.server.admission.pod_security.subject import Check, Refusal, Subject, counted, quoted, setters_of


def few_capabilities(subject: Subject) -> Refusal | None:
    keep = [
        name
        for name, _, security in subject.containers()
        if "ALL" not in ((security.get("capabilities") or {}).get("drop") or ())
    ]
    details = []
    if keep:
        details.append(f'{counted("container", keep)} must set securityContext.capabilities.drop=["ALL"]')
    bad, added = added_capabilities(subject, frozenset({"NET_BIND_SERVICE"}))
    if bad:
        what = f"must not include {quoted(added)} in securityContext.capabilities.add"
        details.append(f"{counted('container', bad)} {what}")
    return Refusal("unrestricted capabilities", "; ".join(details)) if details else None


def privilege_escalation(subject: Subject) -> Refusal | None:
    bad = [name for name, _, security in subject.containers() if security.get("allowPrivilegeEscalation") is not False]
    if not bad:
        return None
    detail = f"{counted('container', bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Refusal("allowPrivilegeEscalation != false", detail)


def seccomp_set(subject: Subject) -> Refusal | None:
    if (refusal := seccomp(subject)) is not None:
        return refusal
    own, found = seccomp_types(subject)
    without = [name for name, kind in found.items() if kind is None and own is None]
    if not without:
        return None
    detail = f"pod or {counted('container', without)} must set securityContext.seccompProfile.type to "
    return Refusal("seccompProfile", f'{detail}"RuntimeDefault" or "Localhost"')


FREE_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def restricted_volumes(subject: Subject) -> Refusal | None:
    volumes = [v for v in subject.spec.get("volumes") or () if all(v.get(field) is None for field in FREE_VOLUMES)]
    if not volumes:
        return None
    types = sorted({next((field for field in volume if field != "name"), "unknown") for volume in volumes})
    names = [volume.get("name", "") for volume in volumes]
    verb = "uses" if len(names) == 1 else "use"
    return Refusal(
        "restricted volume types", f"{counted('volume', names)} {verb} {counted('restricted volume type', types)}"
    )


def run_as_non_root(subject: Subject) -> Refusal | None:
    own = subject.security.get("runAsNonRoot")
    found = {name: security.get("runAsNonRoot") for name, _, security in subject.containers()}
    setters = setters_of(own is False, [name for name, value in found.items() if value is False])
    if setters:
        return Refusal("runAsNonRoot != true", f"{setters} must not set securityContext.runAsNonRoot=false")
    without = [name for name, value in found.items() if value is None and not own]
    if not without:
        return None
    detail = f"pod or {counted('container', without)} must set securityContext.runAsNonRoot=true"
    return Refusal("runAsNonRoot != true", detail)


def run_as_user(subject: Subject) -> Refusal | None:
    bad = [name for name, _, security in subject.containers() if security.get("runAsUser") == 0]
    setters = setters_of(subject.security.get("runAsUser") == 0, bad)
    return Refusal("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def unless_windows(check: Check) -> Check:
    """The check, but for Pods of Windows, which cannot set what it asks for."""
    return lambda subject: None if subject.is_windows else check(subject)
