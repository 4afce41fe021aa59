"""Devices by name (Container Device Interface 1.0): what vendors' specifications say goes into the OCI one.

A specification is a JSON or YAML file in one of a few folders; in a later folder it counts more. A device's full
name is `vendor.com/class=name`.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from podo.node.runtime.base import RuntimeFailure

Document = dict[str, Any]
SUFFIXES = (".json", ".yaml")
HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
RWM = "rwm"


def inject(spec: Document, names: Sequence[str], folders: Sequence[Path]) -> None:
    """Give a container the devices, in place. Raises RuntimeFailure."""
    if not names:
        return
    known = _devices(folders)
    if missing := [name for name in names if name not in known]:
        raise RuntimeFailure(f"CDI device injection failed: unresolvable CDI devices {', '.join(missing)}")
    begun: set[int] = set()
    for name in names:
        found, device = known[name]
        if id(found) not in begun:
            begun.add(id(found))
            apply(spec, found.get("containerEdits") or {})
        apply(spec, device.get("containerEdits") or {})


def apply(spec: Document, edits: Mapping[str, Any]) -> None:
    """Make the edits of one device, in place. Raises RuntimeFailure."""
    process, linux = spec["process"], spec["linux"]
    if env := edits.get("env"):
        names = {variable.partition("=")[0] for variable in env}
        process["env"] = [v for v in process["env"] if v.partition("=")[0] not in names] + list(env)
    for node in edits.get("deviceNodes") or ():
        _add_device(linux, _device_node(node, process["user"]), node.get("permissions") or RWM)
    for mount in edits.get("mounts") or ():
        _add_mount(spec, mount)
    for hook in edits.get("hooks") or ():
        _add_hook(spec, hook)
    if groups := [g for g in edits.get("additionalGids") or () if g]:
        have = process["user"].get("additionalGids") or []
        process["user"]["additionalGids"] = list(dict.fromkeys([*have, *groups]))
    if rdt := edits.get("intelRdt"):
        linux["intelRdt"] = dict(rdt)


def _devices(folders: Sequence[Path]) -> dict[str, tuple[Document, Document]]:
    """By full name: the specification and the device. A name that is twice in one folder is nobody's."""
    found: dict[str, tuple[Document, Document]] = {}
    for folder in folders:
        here: dict[str, tuple[Document, Document]] = {}
        twice: set[str] = set()
        for spec in _specs(folder):
            for device in spec.get("devices") or ():
                name = f"{spec.get('kind', '')}={device.get('name', '')}"
                if name in here:
                    twice.add(name)
                here[name] = spec, device
        found |= here
        for name in twice:
            found.pop(name)
    return found


def _specs(folder: Path) -> Iterator[Document]:
    """Those that can be read: one that is wrong must not keep others from their devices."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    except OSError:
        return
    for path in files:
        try:
            content = path.read_bytes()
            read = msgspec.json.decode(content) if path.suffix == ".json" else _yaml(content)
        except (OSError, msgspec.MsgspecError):
            continue
        if isinstance(read, dict) and isinstance(read.get("devices"), list):
            yield read


def _yaml(content: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise msgspec.DecodeError(str(error)) from error


def _device_node(node: Mapping[str, Any], user: Mapping[str, Any]) -> Document:
    """As `linux.devices` has it; what is not said is as on this machine."""
    path = node["path"]
    made: Document = {"path": path} | {
        key: node[key] for key in ("type", "major", "minor", "fileMode", "uid", "gid") if node.get(key) is not None
    }
    if "type" not in made or ("major" not in made and made["type"] != "p"):
        made |= _seen(node.get("hostPath") or path, made)
    for key in ("uid", "gid"):
        if key not in made and user.get(key):
            made[key] = user[key]
    return made


def _seen(path: str, made: Mapping[str, Any]) -> Document:
    try:
        info = os.stat(path)
    except OSError as error:
        raise RuntimeFailure(f"CDI device injection failed: failed to stat CDI host device {path}: {error}") from error
    kinds = {stat.S_IFBLK: "b", stat.S_IFCHR: "c", stat.S_IFIFO: "p"}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "")
    if not kind or made.get("type", kind) not in (kind, "u"):
        raise RuntimeFailure(f"CDI device injection failed: {path} is not a device node")
    seen = {"type": made.get("type", kind), "fileMode": made.get("fileMode", stat.S_IMODE(info.st_mode))}
    return seen | ({} if kind == "p" else {"major": os.major(info.st_rdev), "minor": os.minor(info.st_rdev)})


def _add_device(linux: Document, device: Document, access: str) -> None:
    linux["devices"] = [d for d in linux.get("devices") or () if d["path"] != device["path"]] + [device]
    if device["type"] in ("b", "c"):
        rule = {"allow": True, "access": access} | {k: device[k] for k in ("type", "major", "minor")}
        linux["resources"].setdefault("devices", []).append(rule)


def _add_mount(spec: Document, mount: Mapping[str, Any]) -> None:
    there = mount["containerPath"]
    options = list(mount.get("options") or ())
    made = {"destination": there, "source": mount["hostPath"], "type": mount.get("type") or "bind", "options": options}
    if made["type"] == "bind" and not any(option in ("bind", "rbind") for option in options):
        options.append("rbind")
    kept: Iterable[Document] = (m for m in spec["mounts"] if m["destination"] != there)
    spec["mounts"] = [*kept, made]


def _add_hook(spec: Document, hook: Mapping[str, Any]) -> None:
    name = hook.get("hookName")
    if name not in HOOKS:
        raise RuntimeFailure(f"CDI device injection failed: unknown hook name {name}")
    made = {key: hook[key] for key in ("path", "args", "env", "timeout") if hook.get(key)}
    spec.setdefault("hooks", {}).setdefault(name, []).append(made)
