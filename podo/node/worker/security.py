"""As whom a container runs: its securityContext over its Pod's. Pure."""

from podo.api.types.core_v1 import AppArmorProfile, Container, Pod, PodSecurityContext, SeccompProfile, SecurityContext
from podo.node.images.base import ImageConfig
from podo.node.runtime import config as runtime
from podo.node.worker.environment import ConfigurationError
from podo.node.worker.facts import NodeFacts

APP_ARMOR, LOCALHOST = "container.apparmor.security.beta.kubernetes.io/", "localhost/"
ANNOTATED = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
TYPES = {t.value: t for t in runtime.ProfileType}


def security(pod: Pod, container: Container, image: ImageConfig, facts: NodeFacts) -> runtime.SecurityContext:
    """The runtime's security settings. Raises ConfigurationError if runAsNonRoot cannot be kept."""
    own, whole = container.security_context or SecurityContext(), pod.spec.security_context or PodSecurityContext()
    user = whole.run_as_user if own.run_as_user is None else own.run_as_user
    group = whole.run_as_group if own.run_as_group is None else own.run_as_group
    _check_non_root(pod, container, user, image)
    privileged, capabilities = bool(own.privileged), own.capabilities
    unmasked = own.proc_mount == "Unmasked"
    return runtime.SecurityContext(
        privileged=privileged,
        add_capabilities=tuple(c.removeprefix("CAP_") for c in capabilities.add) if capabilities else (),
        drop_capabilities=tuple(c.removeprefix("CAP_") for c in capabilities.drop) if capabilities else (),
        run_as_user=user,
        run_as_group=group,
        supplemental_groups=_groups(whole),
        strict_supplemental_groups=whole.supplemental_groups_policy == "Strict",
        readonly_rootfs=bool(own.read_only_root_filesystem),
        no_new_privs=own.allow_privilege_escalation is False and not privileged,
        masked_paths=() if unmasked or privileged else None,
        readonly_paths=() if unmasked or privileged else None,
        seccomp=_seccomp(own.seccomp_profile or whole.seccomp_profile, facts, privileged=privileged),
        apparmor=_apparmor(app_armor_profile(pod, container), facts),
    )


def _groups(whole: PodSecurityContext) -> tuple[int, ...]:
    own = () if whole.fs_group is None else (whole.fs_group,)
    return tuple(dict.fromkeys((*own, *whole.supplemental_groups)))


def _seccomp(wanted: SeccompProfile | None, facts: NodeFacts, *, privileged: bool) -> runtime.SecurityProfile:
    if privileged or (wanted is None and not facts.seccomp_default):
        return runtime.SecurityProfile()
    if wanted is None:
        return runtime.SecurityProfile(runtime.ProfileType.RUNTIME_DEFAULT)
    ref = str(facts.seccomp_profiles / wanted.localhost_profile) if wanted.localhost_profile else ""
    return runtime.SecurityProfile(TYPES[wanted.type], ref)


def app_armor_profile(pod: Pod, container: Container) -> AppArmorProfile | None:
    """The container's own, what an annotation has for it (those of static Pods become no fields), or its Pod's."""
    own, whole = container.security_context, pod.spec.security_context
    if own and own.app_armor_profile:
        return own.app_armor_profile
    annotation = pod.metadata.annotations.get(APP_ARMOR + container.name, "")
    if annotation in ANNOTATED:
        return AppArmorProfile(type=ANNOTATED[annotation])
    if annotation.startswith(LOCALHOST):
        return AppArmorProfile(type="Localhost", localhost_profile=annotation.removeprefix(LOCALHOST))
    return whole.app_armor_profile if whole else None


def _apparmor(wanted: AppArmorProfile | None, facts: NodeFacts) -> runtime.SecurityProfile:
    if wanted is None:  # confined where that is possible, as by every runtime
        return runtime.SecurityProfile(
            runtime.ProfileType.RUNTIME_DEFAULT if facts.apparmor else runtime.ProfileType.UNCONFINED
        )
    return runtime.SecurityProfile(TYPES[wanted.type], wanted.localhost_profile)


def _check_non_root(pod: Pod, container: Container, user: int | None, image: ImageConfig) -> None:
    own, whole = container.security_context, pod.spec.security_context
    wanted = own.run_as_non_root if own and own.run_as_non_root is not None else None
    if wanted is None:
        wanted = whole.run_as_non_root if whole else None
    if not wanted:
        return
    meta = pod.metadata
    where = f'(pod: "{meta.name}_{meta.namespace}({meta.uid})", container: {container.name})'
    if user is not None:
        if user == 0:
            raise ConfigurationError(f"container's runAsUser breaks non-root policy {where}")
        return
    name = image.user.partition(":")[0]
    if name and not name.isdecimal():
        text = f"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
        raise ConfigurationError(f"{text} {where}")
    if not name or int(name) == 0:
        raise ConfigurationError(f"container has runAsNonRoot and image will run as root {where}")
