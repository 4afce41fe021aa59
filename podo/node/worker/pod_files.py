"""The files that a worker makes for its Pod: /etc/hosts, termination messages, what must be known after a restart."""

import os
import shutil
from pathlib import Path

import msgspec

from podo.api import scheme
from podo.api.types.core_v1 import Container, Pod
from podo.node.housekeeping.log_rotation import remove_log
from podo.node.runtime.config import Mount
from podo.node.runtime.observed import ObservedContainer
from podo.node.volumes.mounted import remove_tree
from podo.node.worker import hosts
from podo.node.worker.configs import HOSTS, TERMINATION_LOG, has_mount
from podo.node.worker.facts import NodeFacts

MAX_MESSAGE, MAX_LOG_MESSAGE, MAX_LOG_LINES = 4096, 2048, 80
POD = "pod.json"


class PodFiles:
    """The folder of one Pod."""

    def __init__(self, facts: NodeFacts, uid: str) -> None:
        self._facts, self._folder = facts, facts.places.pod(uid)

    def save(self, pod: Pod) -> None:
        """Keep the Pod for an agent that starts while the API is away, or after the Pod was deleted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{POD}"
        fresh.write_bytes(scheme.encode(pod))
        fresh.rename(self._folder / POD)

    def saved(self) -> Pod | None:
        """What an earlier worker kept; None if there was none, or it cannot be read."""
        try:
            return scheme.decode(Pod, (self._folder / POD).read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None

    def mounts(self, pod: Pod, container: Container, attempt: int, ips: tuple[str, ...]) -> tuple[Mount, ...]:
        """What every container mounts besides its volumes."""
        made = []
        if not has_mount(container, (), HOSTS):
            made.append(Mount(container_path=HOSTS, host_path=str(self._hosts(pod, ips))))
        path = container.termination_message_path or TERMINATION_LOG
        log = self._termination(container.name, attempt)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        log.chmod(0o666)
        made.append(Mount(container_path=path, host_path=str(log)))
        return tuple(made)

    def message(self, container: Container, seen: ObservedContainer) -> str:
        """The termination message of an ended container."""
        try:
            with self._termination(seen.name, seen.attempt).open("rb") as file:
                text = file.read(MAX_MESSAGE).decode(errors="replace")
        except OSError:
            text = ""
        failed = seen.exit_code != 0
        if not text and failed and container.termination_message_policy == "FallbackToLogsOnError":
            text = _log_end(seen.log_path)
        return text

    def forget_attempt(self, gone: ObservedContainer) -> None:
        """A container was removed: so are its message and its log."""
        self._termination(gone.name, gone.attempt).unlink(missing_ok=True)
        if gone.log_path:
            remove_log(Path(gone.log_path))

    def remove(self, pod: Pod) -> None:
        """Nothing of the Pod is left to be asked for (blocking)."""
        meta = pod.metadata
        shutil.rmtree(self._facts.log_folder(meta.namespace, meta.name, meta.uid), ignore_errors=True)
        remove_tree(self._folder)

    def _termination(self, name: str, attempt: int) -> Path:
        return self._folder / "containers" / name / f"{attempt}.termination"

    def _hosts(self, pod: Pod, ips: tuple[str, ...]) -> Path:
        path, node = self._folder / "etc-hosts", ""
        if pod.spec.host_network:
            try:
                node = self._facts.hosts.read_text()
            except OSError:
                node = ""
        text = hosts.hosts_file(pod, ips, self._facts.cluster_domain, node)
        self._folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o644)
        return path


def saved_pods(facts: NodeFacts) -> list[Pod]:
    """The Pods that an earlier agent kept; what cannot be read is left out."""
    found = []
    for path in sorted(facts.places.pods.glob(f"*/{POD}")):
        try:
            found.append(scheme.decode(Pod, path.read_bytes()))
        except (OSError, msgspec.MsgspecError):
            continue
    return found


def _log_end(path: str) -> str:
    """The last lines of a log in CRI's format, without its time stamps."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4 * MAX_LOG_MESSAGE))
            lines = file.read().decode(errors="replace").splitlines()[-MAX_LOG_LINES:]
    except OSError:
        return ""
    text = ""
    for line in lines:
        _, _, rest = line.partition(" ")
        _, _, rest = rest.partition(" ")
        tag, _, content = rest.partition(" ")
        text += content if tag == "P" else content + "\n"
    return text[-MAX_LOG_MESSAGE:]
