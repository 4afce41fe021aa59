"""Configurations in CRI's words: each is a message that protobuf takes, with the numbers of the interface."""

import pytest

from podo.network.base import PortMapping
from podo.node.runtime.config import (
    ContainerConfig,
    DNSConfig,
    IDRange,
    LinuxResources,
    Mount,
    MountPropagation,
    NamespaceMode,
    NamespaceOptions,
    ProfileType,
    SandboxConfig,
    SecurityContext,
    SecurityProfile,
)
from podo.node.runtime.cri import requests
from podo.node.runtime.cri.wire import MESSAGES, SIGNALS

MARKS = {"podo.node": "n"}


def sandbox_config(**changes) -> SandboxConfig:
    return SandboxConfig(name="web", namespace="ns", uid="u", cgroup_parent="podo/c/n/podu", **changes)


def sandbox(**changes):
    return MESSAGES.make("PodSandboxConfig", **requests.sandbox(sandbox_config(**changes), MARKS))


def container(pod: SandboxConfig | None = None, **changes):
    config = ContainerConfig(**{"name": "main", "image": "sha256:1"} | changes)
    return MESSAGES.make("ContainerConfig", **requests.container(config, pod or sandbox_config(), "sha256:1", MARKS))


def test_a_sandbox_is_named_marked_and_has_its_group():
    made = sandbox(labels={"app": "x"}, attempt=2, hostname="web")
    meta = made.metadata
    assert (meta.name, meta.namespace, meta.uid, meta.attempt) == ("web", "ns", "u", 2)
    assert dict(made.labels) == {"app": "x", "podo.node": "n"}
    assert made.linux.cgroup_parent == "/podo/c/n/podu"
    assert not made.HasField("dns_config")


def test_a_sandbox_has_its_name_servers_ports_and_sysctls():
    made = sandbox(
        dns=DNSConfig(("10.96.0.10",), ("ns.svc",), ("ndots:5",)),
        port_mappings=(PortMapping(container_port=80, host_port=8080, protocol="UDP", host_ip="127.0.0.1"),),
        sysctls={"net.core.somaxconn": "1"},
    )
    assert list(made.dns_config.servers) == ["10.96.0.10"]
    (port,) = made.port_mappings
    assert (port.protocol, port.container_port, port.host_port, port.host_ip) == (1, 80, 8080, "127.0.0.1")
    assert made.linux.sysctls["net.core.somaxconn"] == "1"


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (NamespaceOptions(), (0, 1, 0)),
        (NamespaceOptions(pid=NamespaceMode.POD), (0, 0, 0)),
        (NamespaceOptions(NamespaceMode.NODE, NamespaceMode.NODE, NamespaceMode.NODE), (2, 2, 2)),
    ],
)
def test_namespaces_are_the_pods_the_containers_or_the_nodes(options, numbers):
    made = sandbox(namespaces=options).linux.security_context.namespace_options
    assert (made.network, made.pid, made.ipc) == numbers


def test_a_container_may_share_the_processes_of_another():
    options = container(pid_of="c1").linux.security_context.namespace_options
    assert (options.pid, options.target_id) == (3, "c1")


def test_users_of_a_namespace_are_mapped_in_the_sandbox_and_on_mounts():
    pod = sandbox_config(namespaces=NamespaceOptions(users=IDRange(100000)))
    mount = Mount(container_path="/a", host_path="/b")
    made = container(pod, mounts=(mount,))
    (ids,) = made.linux.security_context.namespace_options.userns_options.uids
    assert (ids.host_id, ids.container_id, ids.length) == (100000, 0, 65536)
    assert made.mounts[0].gidMappings[0].host_id == 100000


def test_mounts_keep_their_direction_and_their_locks():
    made = container(
        mounts=(
            Mount(container_path="/a", host_path="/b", readonly=True, recursive_read_only=True),
            Mount(container_path="/c", host_path="/d", propagation=MountPropagation.BIDIRECTIONAL),
        )
    ).mounts
    assert [(m.container_path, m.host_path, m.readonly, m.recursive_read_only, m.propagation) for m in made] == [
        ("/a", "/b", True, True, 0),
        ("/c", "/d", False, False, 2),
    ]


def test_user_zero_is_not_no_user():
    assert container(security=SecurityContext(run_as_user=0)).linux.security_context.HasField("run_as_user")
    assert not container().linux.security_context.HasField("run_as_user")


def test_what_a_container_may_not_see_is_named_unless_it_may_see_all():
    assert "/proc/kcore" in container().linux.security_context.masked_paths
    unmasked = SecurityContext(masked_paths=(), readonly_paths=())
    assert not container(security=unmasked).linux.security_context.masked_paths


def test_profiles_have_the_numbers_of_cri():
    security = SecurityContext(
        seccomp=SecurityProfile(ProfileType.LOCALHOST, "/p.json"), apparmor=SecurityProfile(ProfileType.UNCONFINED)
    )
    made = container(security=security).linux.security_context
    assert (made.seccomp.profile_type, made.seccomp.localhost_ref, made.apparmor.profile_type) == (2, "/p.json", 1)


def test_figures_go_over_as_they_are():
    made = container(resources=LinuxResources(cpu_shares=2, memory_limit=5, hugepage_limits={"2MB": 7})).linux.resources
    assert (made.cpu_shares, made.memory_limit_in_bytes, made.cpu_quota) == (2, 5, 0)
    assert [(h.page_size, h.limit) for h in made.hugepage_limits] == [("2MB", 7)]


@pytest.mark.parametrize(("name", "number"), [("SIGTERM", 23), ("SIGKILL", 13), ("SIGRTMIN", 35), ("SIGRTMAX", 65)])
def test_signals_have_the_numbers_of_cri(name, number):
    assert SIGNALS.index(name) == number
    assert container(stop_signal=name).stop_signal == number


def test_the_images_own_stop_signal_is_left_to_the_runtime():
    assert container().stop_signal == 0
