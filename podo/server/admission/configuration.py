"""Which plug-ins are asked, and what each is told: the flags of admission, and the AdmissionConfiguration they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from podo.server.configuration_file import read
from podo.server.options import GuardOptions, OptionError

KIND = "AdmissionConfiguration"
Told = TypeVar("Told")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one plug-in is told: here, or in a file that is sought beside this one."""

    name: str
    path: str = ""
    configuration: dict[str, Any] | None = None


class Configuration(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The file of `--admission-control-config-file`."""

    kind: str
    api_version: str
    plugins: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The plug-ins that are on, and the configuration of those that have one."""

    names: frozenset[str]
    configurations: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def told(self, name: str, content: type[Told], kind: str, versions: Sequence[str]) -> Told | None:
        """What the plug-in is told, None where it is told nothing. Raises OptionError."""
        given = self.configurations.get(name)
        if given is None:
            return None
        if given.get("kind") != kind or given.get("apiVersion") not in versions:
            raise OptionError(f"{name}: its configuration must be of kind {kind} and apiVersion {versions[0]}")
        try:
            body = {key: value for key, value in given.items() if key not in ("kind", "apiVersion")}
            return msgspec.convert(body, content)
        except msgspec.ValidationError as error:
            raise OptionError(f"{name}: {error}") from error


def chosen(options: GuardOptions, by_default: Iterable[str], others: Iterable[str]) -> Chosen:
    """What the options choose of the plug-ins that there are. Raises OptionError."""
    default = frozenset(by_default)
    known = default | frozenset(others)
    on = _names("enable-admission-plugins", options.enable_admission_plugins, known)
    off = _names("disable-admission-plugins", options.disable_admission_plugins, known)
    if both := sorted(on & off):
        raise OptionError(f"{', '.join(both)} in enable-admission-plugins and disable-admission-plugins overlapped")
    path = options.admission_control_config_file
    return Chosen((default | on) - off, configurations(Path(path)) if path else {})


def _names(flag: str, text: str, known: frozenset[str]) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := sorted(names - known):
        raise OptionError(f'{flag} plugin "{unknown[0]}" is unknown')
    return names


def configurations(path: Path) -> dict[str, dict[str, Any]]:
    """What the file says, by plug-in. Raises OptionError."""
    try:
        return {entry.name: _content(path, entry) for entry in read(path, Configuration, KIND).plugins}
    except OSError as error:
        raise OptionError(f'unable to read admission control configuration from "{path}" [{error}]') from error


def _content(path: Path, entry: Entry) -> dict[str, Any]:
    if entry.configuration is not None or not entry.path:
        return entry.configuration or {}
    place = path.parent / entry.path
    try:
        found = yaml.safe_load(place.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise OptionError(f"{place}: {error}") from error
    if not isinstance(found, dict):
        raise OptionError(f"{place}: it holds no object")
    return found
