"""Loop devices: a file as a block device (loop(4); blocking, needs root)."""

import fcntl
import os
import struct
from pathlib import Path

CONTROL = "/dev/loop-control"
SET_CAPACITY, CLEAR, CONFIGURE, GET_FREE = 0x4C07, 0x4C01, 0x4C0A, 0x4C82
AUTOCLEAR, DIRECT_IO = 4, 16
CONFIG = struct.Struct("=II5Q4I64s64s32s2Q8Q")  # loop_config with its loop_info64
SYS = Path("/sys/block")


def attach(image: Path, *, until_unused: bool) -> Path:
    """A device for the file; `until_unused`: it goes by itself when nothing has it open or mounted any more.

    Raises OSError. The caller opens or mounts a device that goes by itself before it closes what this returns.
    """
    file = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(64):
            device = _free()
            try:
                _configure(device, file, image, AUTOCLEAR if until_unused else 0)
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno == 16:  # EBUSY: somebody else took it first
                    continue
                raise
            return device
    finally:
        os.close(file)
    raise OSError(16, "no loop device can be had", str(image))


def _free() -> Path:
    control = os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        return Path(f"/dev/loop{fcntl.ioctl(control, GET_FREE)}")
    finally:
        os.close(control)


def _configure(device: Path, file: int, image: Path, flags: int) -> None:
    opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    try:
        name = os.fsencode(image)[-63:]
        numbers = (0, 0, 0, 0, 0, 0, 0, 0, flags | DIRECT_IO)
        fcntl.ioctl(opened, CONFIGURE, CONFIG.pack(file, 0, *numbers, name, b"", b"", 0, 0, *(0,) * 8))
        if flags & AUTOCLEAR:
            _HELD[device] = os.dup(opened)
    finally:
        os.close(opened)


_HELD: dict[Path, int] = {}  # devices that would go by themselves before they are mounted


def held(image: Path) -> Path | None:
    """A device that the file is attached to still, held until `let_go`; None if there is none.

    What is on it may be in use: by a container's copy of the mount table that is just being given up. The same file on
    two devices would be two file systems that do not know of each other.
    """
    for device in of(image):
        opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        if device in of(image):  # not gone, nor another's, before we had it open
            _HELD[device] = opened
            return device
        os.close(opened)
    return None


def let_go(device: Path) -> None:
    """The device is mounted, or is not to be: it may go by itself from now on."""
    if (held := _HELD.pop(device, None)) is not None:
        os.close(held)


def of(image: Path) -> list[Path]:
    """The devices that a file is attached to."""
    return [device for device, file in attached() if file == str(image)]


def below(folder: Path) -> list[Path]:
    """The devices of all files in a folder, deleted ones included."""
    return [device for device, file in attached() if file.startswith(f"{folder}/")]


def staying(folder: Path) -> list[Path]:
    """Those of them that nothing will free: the others go with their last user, which may be a container's copy of the
    mount table that is just being given up."""
    return [device for device in below(folder) if not _goes_by_itself(device)]


def _goes_by_itself(device: Path) -> bool:
    try:
        return (SYS / device.name / "loop/autoclear").read_text().strip() == "1"
    except OSError:
        return True  # it is free by now


def attached() -> list[tuple[Path, str]]:
    """All devices with their files."""
    found = []
    for entry in SYS.glob("loop*/loop/backing_file"):
        try:
            file = entry.read_text().rstrip("\n")
        except OSError:
            continue  # detached meanwhile
        found.append((Path("/dev") / entry.parts[-3], file.removesuffix(" (deleted)")))
    return found


def grow(device: Path) -> None:
    """See that the file has become larger."""
    _control(device, SET_CAPACITY)


def flush(device: Path) -> None:
    """Have all that was written to the device in its file."""
    opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def detach(device: Path) -> None:
    """Let the device go, at the latest when its last user does; quiet if it is free already."""
    try:
        _control(device, CLEAR)
    except OSError as error:
        if error.errno not in (6, 2):  # ENXIO, ENOENT
            raise


def _control(device: Path, request: int) -> None:
    opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(opened, request)
    finally:
        os.close(opened)
