"""The file of `podo up --config`: what a cluster's parts are told beside the flags of podo itself.

apiServer:                        # flags of kube-apiserver, without their dashes
  audit-policy-file: policy.yaml  # files are sought beside this one
  audit-log-path: /var/log/audit.log
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from podo.cluster.errors import ClusterError
from podo.server.options import OptionError, guard_options

OF_FILES = ("-file", "-config", "-path")


class SettingsFile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What the file says."""

    api_server: dict[str, str | int | float | bool] = {}


def read_settings(path: Path) -> dict[str, str]:
    """The API server's flags, with files as absolute paths. Raises ClusterError."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = msgspec.convert(given or {}, SettingsFile)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ClusterError(f"{path} cannot be used: {error}", hint="podo up --help says what it holds") from error
    flags = {name: _text(name, value, path.parent.absolute()) for name, value in found.api_server.items()}
    try:
        guard_options(flags)
    except OptionError as error:
        raise ClusterError(f"{path}: {error}") from error
    for name, value in flags.items():
        if name.endswith(("-file", "-config")) and value and not Path(value).is_file():
            raise ClusterError(f"{path}: {name}: {value} is no file")
    return flags


def read_scheduler(path: Path) -> dict[str, Any]:
    """The file of `podo up --scheduler-config`: a KubeSchedulerConfiguration, checked. Raises ClusterError."""
    from podo.scheduler.settings import SettingsError, read  # only for those who have one

    try:
        given: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        read(given)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, SettingsError) as error:
        hint = "docs/howto/configure-the-scheduler.md says what it may hold"
        raise ClusterError(f"{path} cannot be used: {error}", hint=hint) from error
    found: dict[str, Any] = given
    return found


def _text(name: str, value: str | float | bool, folder: Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and name.endswith(OF_FILES) and value not in ("", "-"):
        return str(folder / value)
    return str(value)
