"""As whom a container runs: the image's user, the Pod's wishes, and the image's own passwd and group."""

from dataclasses import dataclass
from pathlib import Path

from podo.node.rootpaths import PathEscapes, resolve
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import SecurityContext

MAX_FILE = 1 << 20  # bytes of a passwd or group file that we are willing to read


@dataclass(frozen=True)
class User:
    """Numbers for the kernel. `groups` are the supplemental ones."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()


def resolve_user(security: SecurityContext, image_user: str, passwd: str, group: str) -> User:
    """Numbers stand for themselves; names need a line. Groups of the user in the image count, unless told not to."""
    wanted, _, wanted_group = image_user.partition(":")
    if security.run_as_user is not None:
        wanted, wanted_group = str(security.run_as_user), ""
    elif security.run_as_username:
        wanted, wanted_group = security.run_as_username, ""
    line = _find(passwd, wanted or "0")
    if line is None and not (wanted or "0").isdigit():
        raise RuntimeFailure(f"unable to find user {wanted}: no matching entries in passwd file")
    name, uid = (line[0], int(line[2])) if line else ("", int(wanted or "0"))
    gid = int(line[3]) if line else 0
    if security.run_as_group is not None:
        gid = security.run_as_group
    elif wanted_group:
        gid = _group_id(group, wanted_group)
    member_of = () if security.strict_supplemental_groups else _groups_of(group, name)
    return User(uid, gid, tuple(dict.fromkeys((gid, *member_of, *security.supplemental_groups))))


def read_accounts(root: Path) -> tuple[str, str]:
    """The text of /etc/passwd and /etc/group in a root file system; "" where there is none."""
    return _read(root, "etc/passwd"), _read(root, "etc/group")


def _read(root: Path, path: str) -> str:
    try:
        with open(resolve(root, path), "rb") as file:
            return file.read(MAX_FILE).decode(errors="replace")
    except (OSError, PathEscapes):
        return ""


def _find(passwd: str, user: str) -> list[str] | None:
    """The line whose name, or whose number, is `user`; a name counts first."""
    lines = [line.split(":") for line in passwd.splitlines()]
    sound = [line for line in lines if len(line) >= 4 and line[2].isdigit() and line[3].isdigit()]
    by_name = next((line for line in sound if line[0] == user), None)
    return by_name or next((line for line in sound if line[2] == user), None)


def _group_id(group: str, wanted: str) -> int:
    for line in group.splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[0] == wanted and fields[2].isdigit():
            return int(fields[2])
    if wanted.isdigit():
        return int(wanted)
    raise RuntimeFailure(f"unable to find group {wanted}: no matching entries in group file")


def _groups_of(group: str, name: str) -> tuple[int, ...]:
    lines = [line.split(":") for line in group.splitlines()]
    return tuple(
        int(fields[2])
        for fields in lines
        if name and len(fields) >= 4 and fields[2].isdigit() and name in fields[3].split(",")
    )
