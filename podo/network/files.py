"""Small files that a restart must find whole."""

from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """The file has its old or its new content, never a part of it. Makes the folder. Blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(path)
