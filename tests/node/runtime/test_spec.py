import dataclasses

import pytest

from podo.node.images.base import ImageConfig
from podo.node.runtime.apparmor import AppArmor
from podo.node.runtime.config import (
    ContainerConfig,
    LinuxResources,
    Mount,
    MountPropagation,
    ProfileType,
    SecurityContext,
    SecurityProfile,
)
from podo.node.runtime.spec import (
    MASKED,
    Machine,
    SandboxPaths,
    arguments,
    container_spec,
    environment,
    exec_process,
    mounts,
    namespaces,
    resources,
)
from podo.node.runtime.users import User

IMAGE = ImageConfig(env=("PATH=/image", "A=image"), entrypoint=("/entry",), cmd=("arg",), working_dir="/work")
SANDBOX = SandboxPaths(
    namespaces={"network": "/ns/net", "ipc": "/ns/ipc", "uts": "/ns/uts"},
    cgroup="/podo/c/n/burstable/pod1",
    hostname="web-0",
    files={"/etc/resolv.conf": "/s/resolv.conf", "/etc/hostname": "/s/hostname"},
    shm="/s/shm",
)
MACHINE = Machine(capabilities=frozenset({"CHOWN", "KILL", "SYS_ADMIN"}))


def config(**changes) -> ContainerConfig:
    return ContainerConfig(name="main", image="sha256:1", **changes)


def spec(machine: Machine = MACHINE, **changes) -> dict:
    return container_spec("cid", config(**changes), IMAGE, SANDBOX, user=User(5, 6, (6, 7)), root="/r", machine=machine)


@pytest.mark.parametrize(
    ("command", "args", "run"),
    [
        pytest.param((), (), ["/entry", "arg"], id="the image's own"),
        pytest.param((), ("x",), ["/entry", "x"], id="arguments replace arguments"),
        pytest.param(("sh",), (), ["sh"], id="a command drops the image's arguments"),
        pytest.param(("sh",), ("-c", "x"), ["sh", "-c", "x"], id="both"),
    ],
)
def test_what_is_run(command, args, run):
    assert arguments(config(command=command, args=args), IMAGE) == run


def test_the_environment_is_the_images_under_the_pods():
    env = environment(config(env=(("A", "pod"), ("B", "x=y")), tty=True), IMAGE, "web-0")
    assert env == ["PATH=/image", "TERM=xterm", "HOSTNAME=web-0", "A=pod", "B=x=y"]


def test_without_any_path_there_is_the_usual_one():
    assert environment(config(), ImageConfig(), "h")[0].startswith("PATH=/usr/local/sbin:")


def test_a_pod_may_unset_what_it_is_given_only_by_other_values():
    assert "HOSTNAME=mine" in environment(config(env=(("HOSTNAME", "mine"),)), IMAGE, "web-0")


@pytest.mark.parametrize(("changes", "folder"), [({}, "/work"), ({"working_dir": "/pod"}, "/pod")])
def test_the_working_folder(changes, folder):
    assert spec(**changes)["process"]["cwd"] == folder


def test_the_process_has_its_user_and_only_capabilities_that_exist_here():
    process = spec()["process"]
    assert process["user"] == {"uid": 5, "gid": 6, "additionalGids": [6, 7]}
    assert process["capabilities"] == {
        kind: ["CAP_CHOWN", "CAP_KILL"] for kind in ("bounding", "effective", "permitted")
    }


@pytest.mark.parametrize(
    ("wanted", "least", "score"), [(-997, -1000, -997), (-997, 0, 0), (1000, 0, 1000), (500, 600, 600)]
)
def test_the_oom_score_is_what_the_kernel_lets_us_set(wanted, least, score):
    machine = dataclasses.replace(MACHINE, oom_score_adj_min=least)
    assert spec(machine, resources=LinuxResources(oom_score_adj=wanted))["process"]["oomScoreAdj"] == score


def test_a_privileged_container_is_not_confined():
    device = {"path": "/dev/x", "type": "c", "major": 1, "minor": 2, "access": "rwm"}
    machine = dataclasses.replace(MACHINE, host_devices=(device,))
    made = spec(machine, security=SecurityContext(privileged=True, no_new_privs=True))
    linux = made["linux"]
    assert not {"maskedPaths", "readonlyPaths", "seccomp"} & linux.keys()
    assert linux["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert linux["devices"] == [{"path": "/dev/x", "type": "c", "major": 1, "minor": 2}]
    assert "CAP_SYS_ADMIN" in made["process"]["capabilities"]["effective"]
    assert made["process"]["noNewPrivileges"] is False
    assert "rw" in next(m for m in made["mounts"] if m["destination"] == "/sys")["options"]


def test_paths_are_masked_as_told():
    assert spec()["linux"]["maskedPaths"] == list(MASKED)
    assert spec(security=SecurityContext(masked_paths=(), readonly_paths=()))["linux"]["maskedPaths"] == []


def test_devices_are_denied_but_for_those_that_are_given():
    device = {"path": "/dev/y", "type": "b", "major": 8, "minor": 0, "access": "r"}
    made = container_spec(
        "cid", config(), IMAGE, SANDBOX, user=User(), root="/r", machine=MACHINE, devices=(device,)
    )  # fmt: skip
    assert made["linux"]["resources"]["devices"] == [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "b", "major": 8, "minor": 0, "access": "r"},
    ]
    assert "access" not in made["linux"]["devices"][0]


def test_the_cgroup_lies_in_the_pods():
    assert spec()["linux"]["cgroupsPath"] == "/podo/c/n/burstable/pod1/cid"


@pytest.mark.parametrize(
    ("wanted", "machine", "profile"),
    [
        (SecurityProfile(ProfileType.LOCALHOST, "mine"), AppArmor(), None),
        (SecurityProfile(ProfileType.LOCALHOST, "mine"), AppArmor(enabled=True), "mine"),
        (SecurityProfile(ProfileType.RUNTIME_DEFAULT), AppArmor(enabled=True, default="podo-default"), "podo-default"),
        (SecurityProfile(ProfileType.RUNTIME_DEFAULT), AppArmor(enabled=True), None),
        (SecurityProfile(), AppArmor(enabled=True, default="podo-default"), None),
    ],
)
def test_apparmor_needs_a_machine_that_has_it(wanted, machine, profile):
    here = dataclasses.replace(MACHINE, apparmor=machine)
    assert spec(here, security=SecurityContext(apparmor=wanted))["process"].get("apparmorProfile") == profile
    privileged = SecurityContext(apparmor=wanted, privileged=True)
    assert "apparmorProfile" not in spec(here, security=privileged)["process"]


@pytest.mark.parametrize(
    ("sandbox", "v2", "kinds"),
    [
        (SANDBOX, True, ["network", "ipc", "uts", "pid", "mount", "cgroup"]),
        (SANDBOX, False, ["network", "ipc", "uts", "pid", "mount"]),
        (dataclasses.replace(SANDBOX, namespaces={"pid": "/ns/pid"}), False, ["pid", "mount"]),
        (dataclasses.replace(SANDBOX, namespaces={}, host_pid=True), False, ["mount"]),
    ],
)
def test_namespaces_are_joined_or_new(sandbox, v2, kinds):
    found = namespaces(sandbox, dataclasses.replace(MACHINE, cgroup_v2=v2))
    assert [n["type"] for n in found] == kinds
    assert all(n.get("path") == sandbox.namespaces.get(n["type"]) for n in found)


def test_mounts_go_outer_first_and_replace_ours():
    wanted = (
        Mount(container_path="/a/b", host_path="/h2"),
        Mount(container_path="/a/", host_path="/h1"),
        Mount(container_path="/etc/resolv.conf", host_path="/mine"),
        Mount(container_path="/dev/shm", host_path="/h3"),
    )
    made = mounts(config(mounts=wanted), SANDBOX, MACHINE)
    places = [m["destination"] for m in made]
    assert places.index("/a") < places.index("/a/b")
    assert places.count("/etc/resolv.conf") == places.count("/dev/shm") == 1
    assert next(m for m in made if m["destination"] == "/etc/resolv.conf")["source"] == "/mine"


@pytest.mark.parametrize(
    ("mount", "options"),
    [
        (Mount(container_path="/x", host_path="/h"), ["rbind", "rprivate", "rw"]),
        (Mount(container_path="/x", host_path="/h", readonly=True), ["rbind", "rprivate", "ro"]),
        (
            Mount(container_path="/x", host_path="/h", readonly=True, recursive_read_only=True),
            ["rbind", "rprivate", "rro"],
        ),
        (
            Mount(container_path="/x", host_path="/h", propagation=MountPropagation.BIDIRECTIONAL),
            ["rbind", "rshared", "rw"],
        ),
    ],
)  # fmt: skip
def test_a_volumes_options(mount, options):
    assert mounts(config(mounts=(mount,)), SANDBOX, MACHINE)[-1]["options"] == options


@pytest.mark.parametrize(
    ("kinds", "root"),
    [
        ((), "rprivate"),
        ((MountPropagation.HOST_TO_CONTAINER,), "rslave"),
        ((MountPropagation.HOST_TO_CONTAINER, MountPropagation.BIDIRECTIONAL), "rshared"),
    ],
)
def test_the_root_lets_through_what_a_volume_needs(kinds, root):
    wanted = tuple(Mount(container_path=f"/{i}", host_path="/h", propagation=k) for i, k in enumerate(kinds))
    assert spec(mounts=wanted)["linux"]["rootfsPropagation"] == root


def test_with_the_nodes_network_sys_is_the_nodes():
    made = mounts(config(), dataclasses.replace(SANDBOX, host_network=True), MACHINE)
    assert next(m for m in made if m["destination"] == "/sys")["type"] == "bind"


@pytest.mark.parametrize(
    ("wanted", "swap", "found"),
    [
        (LinuxResources(), True, {}),
        (LinuxResources(cpu_shares=2, cpu_quota=-1), True, {"cpu": {"shares": 2, "quota": -1}}),
        (LinuxResources(memory_limit=5), True, {"memory": {"limit": 5, "swap": 5}}),
        (LinuxResources(memory_limit=5), False, {"memory": {"limit": 5}}),
        (LinuxResources(pids_limit=9), True, {"pids": {"limit": 9}}),
        (LinuxResources(hugepage_limits={"2MB": 1}), True, {"hugepageLimits": [{"pageSize": "2MB", "limit": 1}]}),
        (LinuxResources(unified={"memory.high": "1"}), True, {"unified": {"memory.high": "1"}}),
    ],
)
def test_resources_name_only_what_is_wanted(wanted, swap, found):
    assert resources(wanted, dataclasses.replace(MACHINE, swap_accounting=swap)) == found


def test_an_exec_is_the_containers_process_with_another_command():
    process = exec_process(spec(), ("ls",), tty=True)
    assert (process["args"], process["terminal"], process["cwd"]) == (["ls"], True, "/work")
    assert process["env"][-1] == "TERM=xterm"
    assert process["user"]["uid"] == 5
