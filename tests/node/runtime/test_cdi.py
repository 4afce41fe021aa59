"""Devices by name: what specifications of vendors add to a container."""

import json
import os

import pytest

from podo.node.runtime import cdi
from podo.node.runtime.base import RuntimeFailure

KIND = "vendor.com/gpu"


def spec(uid: int = 0) -> dict:
    return {
        "process": {"env": ["PATH=/bin", "A=old"], "user": {"uid": uid, "gid": 0}},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": []}],
        "linux": {"devices": [], "resources": {"devices": [{"allow": False, "access": "rwm"}]}},
    }


def write(
    folder, *devices: tuple[str, dict], kind: str = KIND, name: str = "x.json", edits: dict | None = None
) -> None:
    folder.mkdir(exist_ok=True)
    listed = [{"name": n, "containerEdits": e} for n, e in devices]
    body = {"cdiVersion": "0.8.0", "kind": kind, "devices": listed, "containerEdits": edits or {}}
    (folder / name).write_text(json.dumps(body))


def injected(folder, *names: str, uid: int = 0) -> dict:
    made = spec(uid)
    cdi.inject(made, [f"{KIND}={n}" for n in names], [folder])
    return made


def test_variables_are_set_and_replaced(tmp_path):
    write(tmp_path, ("a", {"env": ["A=1"]}), ("b", {"env": ["B=2"]}))
    assert injected(tmp_path, "a", "b")["process"]["env"] == ["PATH=/bin", "A=1", "B=2"]


def test_edits_of_the_whole_specification_come_once_and_first(tmp_path):
    hook = {"hookName": "createContainer", "path": "/bin/hook", "args": ["hook"]}
    write(tmp_path, ("a", {"env": ["A=1"]}), ("b", {"env": ["B=2"]}), edits={"env": ["A=all"], "hooks": [hook]})
    made = injected(tmp_path, "a", "b")
    assert made["process"]["env"] == ["PATH=/bin", "A=1", "B=2"]
    assert made["hooks"] == {"createContainer": [{"path": "/bin/hook", "args": ["hook"]}]}


def test_a_device_node_is_as_on_the_machine_and_allowed(tmp_path):
    write(tmp_path, ("a", {"deviceNodes": [{"path": "/dev/mine", "hostPath": "/dev/null", "permissions": "rw"}]}))
    linux = injected(tmp_path, "a", uid=7)["linux"]
    info = os.stat("/dev/null")
    major, minor = os.major(info.st_rdev), os.minor(info.st_rdev)
    mode = info.st_mode & 0o7777
    node = {"path": "/dev/mine", "type": "c", "fileMode": mode, "major": major, "minor": minor, "uid": 7}
    assert linux["devices"] == [node]
    assert linux["resources"]["devices"][1:] == [
        {"allow": True, "access": "rw", "type": "c", "major": major, "minor": minor}
    ]


def test_a_device_node_may_say_all_itself(tmp_path):
    write(tmp_path, ("a", {"deviceNodes": [{"path": "/dev/x", "type": "b", "major": 7, "minor": 3, "gid": 5}]}))
    assert injected(tmp_path, "a")["linux"]["devices"] == [
        {"path": "/dev/x", "type": "b", "major": 7, "minor": 3, "gid": 5}
    ]


def test_a_mount_takes_the_place_of_another(tmp_path):
    write(tmp_path, ("a", {"mounts": [{"hostPath": "/opt", "containerPath": "/proc", "options": ["ro"]}]}))
    assert injected(tmp_path, "a")["mounts"] == [
        {"destination": "/proc", "type": "bind", "source": "/opt", "options": ["ro", "rbind"]}
    ]


def test_groups_are_added(tmp_path):
    write(tmp_path, ("a", {"additionalGids": [44, 0]}))
    assert injected(tmp_path, "a")["process"]["user"]["additionalGids"] == [44]


def test_specifications_may_be_in_yaml(tmp_path):
    text = f"cdiVersion: 0.6.0\nkind: {KIND}\ndevices:\n- name: a\n  containerEdits:\n    env: [A=yaml]\n"
    (tmp_path / "x.yaml").write_text(text)
    assert "A=yaml" in injected(tmp_path, "a")["process"]["env"]


def test_a_later_folder_counts_more(tmp_path):
    for name in ("first", "second"):
        write(tmp_path / name, ("a", {"env": [f"A={name}"]}))
    made = spec()
    cdi.inject(made, [f"{KIND}=a"], [tmp_path / "first", tmp_path / "second"])
    assert made["process"]["env"][-1] == "A=second"


def test_a_name_that_two_files_of_a_folder_have_is_nobodys(tmp_path):
    for name in ("x.json", "y.json"):
        write(tmp_path, ("a", {"env": ["A=1"]}), name=name)
    with pytest.raises(RuntimeFailure, match=r"unresolvable CDI devices vendor.com/gpu=a"):
        injected(tmp_path, "a")


def test_what_cannot_be_read_keeps_nobody_from_other_devices(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.yaml").write_text("- 1")
    write(tmp_path, ("a", {"env": ["A=1"]}))
    assert "A=1" in injected(tmp_path, "a")["process"]["env"]


def test_a_device_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RuntimeFailure, match=r"CDI device injection failed: unresolvable CDI devices vendor.com/gpu=a"):
        injected(tmp_path / "none", "a")
    write(tmp_path, ("a", {"deviceNodes": [{"path": "/dev/nothing"}]}))
    with pytest.raises(RuntimeFailure, match="failed to stat CDI host device /dev/nothing"):
        injected(tmp_path, "a")


def test_who_names_no_device_needs_no_folder(tmp_path):
    made = spec()
    cdi.inject(made, [], [tmp_path / "none"])
    assert made == spec()
