"""What the level `baseline` asks. Each check gives None, or why a Pod is refused."""

from podo.server.admission.pod_security.subject import Check, Refusal, Subject, counted, quoted, setters_of, some
from podo.server.strategy import Object


def privileged(subject: Subject) -> Refusal | None:
    bad = [name for name, _, security in subject.containers() if security.get("privileged")]
    if not bad:
        return None
    return Refusal("privileged", f"{counted('container', bad)} must not set securityContext.privileged=true")


def host_namespaces(subject: Subject) -> Refusal | None:
    bad = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if subject.spec.get(field)]
    return Refusal("host namespaces", ", ".join(bad)) if bad else None


def host_path_volumes(subject: Subject) -> Refusal | None:
    bad = [v.get("name", "") for v in subject.spec.get("volumes") or () if v.get("hostPath") is not None]
    return Refusal("hostPath volumes", counted("volume", bad)) if bad else None


def host_ports(subject: Subject) -> Refusal | None:
    used = {
        name: [str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")]
        for name, container, _ in subject.containers()
    }
    bad = [name for name, ports in used.items() if ports]
    if not bad:
        return None
    ports = sorted({port for found in used.values() for port in found})
    verb = "uses" if len(bad) == 1 else "use"
    return Refusal("hostPort", f"{counted('container', bad)} {verb} {some('hostPort', len(ports))} {', '.join(ports)}")


def host_probes(subject: Subject) -> Refusal | None:
    bad, hosts = set(), set()
    for name, container, _ in subject.containers():
        lifecycle = container.get("lifecycle") or {}
        handlers = [container.get(field) for field in ("livenessProbe", "readinessProbe", "startupProbe")]
        for handler in [*handlers, lifecycle.get("postStart"), lifecycle.get("preStop")]:
            for field in ("httpGet", "tcpSocket"):
                if host := ((handler or {}).get(field) or {}).get("host"):
                    bad.add(name)
                    hosts.add(host)
    if not bad:
        return None
    verb, what = "uses" if len(bad) == 1 else "use", counted("probe or lifecycle host", sorted(hosts))
    return Refusal("probe or lifecycle host", f"{counted('container', sorted(bad))} {verb} {what}")


DEFAULT_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
    | {"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)


def added_capabilities(subject: Subject, allowed: frozenset[str]) -> tuple[list[str], list[str]]:
    """(containers that add capabilities beyond those allowed, which)."""
    added = {
        name: set((security.get("capabilities") or {}).get("add") or ()) - allowed
        for name, _, security in subject.containers()
    }
    return [name for name, found in added.items() if found], sorted(set().union(*added.values()))


def default_capabilities(subject: Subject) -> Refusal | None:
    bad, added = added_capabilities(subject, DEFAULT_CAPABILITIES)
    if not bad:
        return None
    detail = f"{counted('container', bad)} must not include {quoted(added)} in securityContext.capabilities.add"
    return Refusal("non-default capabilities", detail)


APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def app_armor(subject: Subject) -> Refusal | None:
    def bad_type(security: Object) -> str:
        profile = security.get("appArmorProfile")
        allowed = ("RuntimeDefault", "Localhost")
        return "" if profile is None or profile.get("type") in allowed else str(profile.get("type", ""))

    found = {name: kind for name, _, security in subject.containers() if (kind := bad_type(security))}
    own = bad_type(subject.security)
    values = sorted({*found.values(), *([own] if own else [])})
    setters = setters_of(bool(own), list(found))
    notes = sorted(
        f'{key}="{value}"'
        for key, value in subject.annotations.items()
        if key.startswith(APP_ARMOR) and value and value != "runtime/default" and not value.startswith("localhost/")
    )
    if notes:
        setters = " and ".join(filter(None, [setters, some("annotation", len(notes))]))
        values += notes
    if not setters:
        return None
    reason = some("forbidden AppArmor profile", len(values))
    return Refusal(reason, f"{setters} must not set AppArmor profile type to {quoted(values)}")


def proc_mount(subject: Subject) -> Refusal | None:
    found = {
        name: security["procMount"]
        for name, _, security in subject.containers()
        if security.get("procMount") not in (None, "Default")
    }
    if not found:
        return None
    detail = f"must not set securityContext.procMount to {quoted(sorted(set(found.values())))}"
    return Refusal("procMount", f"{counted('container', found)} {detail}")


def se_linux(allowed: frozenset[str]) -> Check:
    """The check with these types allowed."""

    def check(subject: Subject) -> Refusal | None:
        def bad(security: Object) -> Object:
            options = security.get("seLinuxOptions") or {}
            kept = {field: options[field] for field in ("user", "role") if options.get(field)}
            return kept | ({"type": options["type"]} if options.get("type", "") not in allowed else {})

        own = bad(subject.security)
        found = {name: options for name, _, security in subject.containers() if (options := bad(security))}
        setters = setters_of(bool(own), list(found))
        if not setters:
            return None
        everything = [own, *found.values()]
        types = sorted({options["type"] for options in everything if "type" in options})
        details = [counted("type", types)] if types else []
        details += [f"{f} may not be set" for f in ("user", "role") if any(f in options for options in everything)]
        return Refusal(
            "seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(details)}"
        )

    return check


SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
SECCOMP_POD, SECCOMP_CONTAINER = (
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
)


def seccomp_annotations(subject: Subject) -> Refusal | None:
    def is_bad(value: str) -> bool:
        return value not in ("runtime/default", "docker/default") and not value.startswith("localhost/")

    keys = [SECCOMP_POD, *(f"{SECCOMP_CONTAINER}{name}" for name, _, _ in subject.containers())]
    given = {key: subject.annotations[key] for key in keys if key in subject.annotations}
    bad = sorted(f'{key}="{value}"' for key, value in given.items() if is_bad(value))
    return Refusal("seccompProfile", f"forbidden {some('annotation', len(bad))} {', '.join(bad)}") if bad else None


def seccomp_types(subject: Subject) -> tuple[str | None, dict[str, str | None]]:
    """The types of seccomp profiles: of the Pod, and by container; None where there is none."""

    def kind(security: Object) -> str | None:
        profile = security.get("seccompProfile")
        return None if profile is None else str(profile.get("type", ""))

    return kind(subject.security), {name: kind(security) for name, _, security in subject.containers()}


def seccomp(subject: Subject) -> Refusal | None:
    own, found = seccomp_types(subject)
    bad = {name: kind for name, kind in found.items() if kind is not None and kind not in SECCOMP}
    own_is_bad = own is not None and own not in SECCOMP
    setters = setters_of(own_is_bad, list(bad))
    if not setters:
        return None
    values = sorted({str(kind) for kind in [*bad.values(), *([own] if own_is_bad else [])]})
    return Refusal("seccompProfile", f"{setters} must not set securityContext.seccompProfile.type to {quoted(values)}")


def sysctls(allowed: frozenset[str]) -> Check:
    """The check with these sysctls allowed."""

    def check(subject: Subject) -> Refusal | None:
        given = [sysctl.get("name", "") for sysctl in subject.security.get("sysctls") or ()]
        bad = [name for name in given if name not in allowed]
        return Refusal("forbidden sysctls", ", ".join(bad)) if bad else None

    return check


def windows_host_process(subject: Subject) -> Refusal | None:
    def is_set(security: Object) -> bool:
        return bool((security.get("windowsOptions") or {}).get("hostProcess"))

    bad = [name for name, _, security in subject.containers() if is_set(security)]
    setters = setters_of(is_set(subject.security), bad)
    if not setters:
        return None
    return Refusal("hostProcess", f"{setters} must not set securityContext.windowsOptions.hostProcess=true")


def unless_own_users(check: Check) -> Check:
    """The check, but for Pods in user namespaces (KEP-127)."""
    return lambda subject: None if subject.has_own_users else check(subject)


SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"}
    | {"net.ipv4.ip_unprivileged_port_start"}
)
SYSCTLS_27 = SYSCTLS | {"net.ipv4.ip_local_reserved_ports"}
SYSCTLS_29 = SYSCTLS_27 | {f"net.ipv4.tcp_{name}" for name in ("keepalive_time", "fin_timeout")}
SYSCTLS_29 |= {f"net.ipv4.tcp_keepalive_{name}" for name in ("intvl", "probes")}
SYSCTLS_32 = SYSCTLS_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
SE_LINUX = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
