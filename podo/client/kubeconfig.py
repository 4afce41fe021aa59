"""Kubeconfig files: the credentials that a context names, and merging a cluster's entry into a user's file.

A file that is changed keeps everything in it that podo does not know. It is replaced whole, readable by its owner only.
"""

import base64
import binascii
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


class KubeconfigError(Exception):
    """The file cannot be used; the message says why and which file it is."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """How to reach a cluster and who to be there. Certificates and keys are PEM; "" means none."""

    server: str
    ca: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    token_file: str = ""
    server_name: str = ""  # the name to check the server's certificate against, where that is not its address
    insecure: bool = False
    namespace: str = "default"


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file that kubectl would write to: the first of KUBECONFIG, or ~/.kube/config."""
    first = environment.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(first) if first else Path(environment.get("HOME", "/root")) / ".kube" / "config"


def load(path: Path, context: str = "") -> Credentials:
    """The credentials of a context ("": the current one). Raises KubeconfigError."""
    config = _read(path)
    name = context or config.get("current-context") or ""
    if not name:
        raise KubeconfigError(f"{path}: no current-context is set")
    place = _entry(config, "contexts", name, path)
    cluster, user = (
        _entry(config, section, place.get(SECTIONS[section], ""), path) for section in ("clusters", "users")
    )
    if not cluster.get("server"):
        raise KubeconfigError(f"{path}: the cluster {place['cluster']!r} has no server")
    if "exec" in user or "auth-provider" in user:
        raise KubeconfigError(f"{path}: the user {place['user']!r} needs a credential plug-in, which podo does not run")
    return Credentials(
        server=cluster["server"].rstrip("/"),
        ca=_pem(cluster, "certificate-authority", path),
        certificate=_pem(user, "client-certificate", path),
        key=_pem(user, "client-key", path),
        token=user.get("token", ""),
        token_file=str(path.parent / user["tokenFile"]) if user.get("tokenFile") else "",
        server_name=cluster.get("tls-server-name", ""),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        namespace=place.get("namespace") or "default",
    )


def render(name: str, credentials: Credentials) -> dict[str, Any]:
    """A kubeconfig of one cluster, user and context, all called `name`."""
    cluster: dict[str, Any] = {"server": credentials.server}
    user: dict[str, Any] = {}
    if credentials.ca:
        cluster["certificate-authority-data"] = _base64(credentials.ca)
    if credentials.server_name:
        cluster["tls-server-name"] = credentials.server_name
    if credentials.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if credentials.certificate:
        user["client-certificate-data"] = _base64(credentials.certificate)
        user["client-key-data"] = _base64(credentials.key)
    if credentials.token:
        user["token"] = credentials.token
    if credentials.token_file:
        user["tokenFile"] = credentials.token_file
    context = {"cluster": name, "user": name}
    if credentials.namespace != "default":
        context["namespace"] = credentials.namespace
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def write(path: Path, config: Mapping[str, Any]) -> None:
    """Replace the file at `path` in one step; its folder is made if it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = path.resolve()  # of a link, its target is replaced
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yaml.safe_dump(dict(config), file, sort_keys=False)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def merge(path: Path, name: str, credentials: Credentials, *, make_current: bool = True) -> None:
    """Add or replace the entries called `name` in the file at `path`."""
    new = render(name, credentials)
    with _locked(path):
        config = _read(path) if path.exists() else {}
        write(path, merged(config, new, make_current=make_current))


def remove(path: Path, name: str) -> None:
    """Take the entries called `name` out of the file at `path`; one without them, or no file, is left alone."""
    with _locked(path):
        if not path.exists():
            return
        config = _read(path)
        left = without(config, name)
        if left != config:
            write(path, left)


def merged(config: Mapping[str, Any], new: Mapping[str, Any], *, make_current: bool) -> dict[str, Any]:
    """`config` with the entries of `new`, which replace those of the same name where they stand."""
    result: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", **config}
    for section in SECTIONS:
        entries = {e["name"]: e for e in config.get(section) or ()} | {e["name"]: e for e in new[section]}
        result[section] = list(entries.values())
    if make_current or not result.get("current-context"):
        result["current-context"] = new["current-context"]
    return result


def without(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`config` without the entries called `name`; no context is current if that one was."""
    result = dict(config)
    for section in SECTIONS:
        if any(e["name"] == name for e in config.get(section) or ()):
            result[section] = [e for e in config[section] if e["name"] != name]
    if result.get("current-context") == name:
        result["current-context"] = ""
    return result


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold off other podo processes while the file is read and replaced."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)  # a lock on the folder leaves no lock file behind
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _read(path: Path) -> dict[str, Any]:
    try:
        config: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KubeconfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KubeconfigError(f"{path}: {error}") from error
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise KubeconfigError(f"{path}: this is no kubeconfig")
    return config


def _entry(config: Mapping[str, Any], section: str, name: str, path: Path) -> dict[str, Any]:
    for entry in config.get(section) or ():
        if entry.get("name") == name:
            found: dict[str, Any] = entry.get(SECTIONS[section]) or {}
            return found
    raise KubeconfigError(f"{path}: there is no {SECTIONS[section]} {name!r}")


def _pem(entry: Mapping[str, Any], field: str, path: Path) -> str:
    """The PEM in `<field>-data`, or in the file that `field` names, relative to the kubeconfig."""
    if data := entry.get(f"{field}-data"):
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise KubeconfigError(f"{path}: {field}-data: {error}") from error
    if file := entry.get(field):
        try:
            return Path(path.parent, file).read_text(encoding="utf-8")
        except OSError as error:
            raise KubeconfigError(f"{path}: {field}: {error}") from error
    return ""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
