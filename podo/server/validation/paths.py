"""Checks of file paths."""

from podo.api.field_errors import invalid
from podo.server.validation.fields import Errors

MODE_MESSAGE = "must be a number between 0 and 0777 (octal), both inclusive"
MODE_MAX = 0o777


def no_backsteps(errs: Errors, path: str, target: str) -> None:
    """A path without `..`."""
    if ".." in target and ".." in target.split("/"):
        errs.append(invalid(path, target, "must not contain '..'"))


def descending(errs: Errors, path: str, target: str) -> None:
    """A relative path that stays below where it starts."""
    if target.startswith("/"):
        errs.append(invalid(path, target, "must be a relative path"))
    no_backsteps(errs, path, target)


def local_path(errs: Errors, path: str, target: str) -> None:
    """A descending path whose first name is not reserved."""
    descending(errs, path, target)
    if target.startswith("..") and not target.startswith("../"):
        errs.append(invalid(path, target, "must not start with '..'"))


def mode(errs: Errors, path: str, value: int | None) -> None:
    """The permission bits of a file, if there are some."""
    if value is not None and not 0 <= value <= MODE_MAX:
        errs.append(invalid(path, value, MODE_MESSAGE))
