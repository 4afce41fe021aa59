"""podo's own network as a CNI plug-in for others to run: it asks the agent that expects the Pod.

This file alone is the program (`door.install` gives it a first line): only the standard library, no imports of ours.
Which agent that is: the one with a file of the Pod's uid in its folder, `<agents>/<cluster>/nodes/<node>/cni/`.
"""

import json
import os
import socket
import sys

VERSIONS = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
DOOR = "door.sock"
UNKNOWN_POD, NO_AGENT, REFUSED = 100, 101, 102  # CNI leaves codes from 100 on to plug-ins


def door_of(agents: str, uid: str) -> str:
    """The folder of the agent that expects a Pod; "" if none does."""
    for cluster in os.listdir(agents) if uid and "/" not in uid and os.path.isdir(agents) else ():
        nodes = f"{agents}/{cluster}/nodes"
        for node in os.listdir(nodes) if os.path.isdir(nodes) else ():
            folder = f"{nodes}/{node}/cni"
            if os.path.exists(f"{folder}/{uid}"):
                return folder
    return ""


def arguments(text: str) -> dict[str, str]:
    """CNI_ARGS as a dict."""
    return dict(pair.split("=", 1) for pair in text.split(";") if "=" in pair)


def ask(folder: str, request: dict[str, str]) -> dict[str, object]:
    """The agent's answer. Raises OSError, ValueError if there is none."""
    held = os.open(folder, os.O_PATH | os.O_DIRECTORY)  # the path may be longer than a socket's can be
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"/proc/self/fd/{held}/{DOOR}")
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, object] = json.loads(connection.makefile().readline() or "null") or {}
            return answer
    finally:
        os.close(held)


def run(environment: "os._Environ[str] | dict[str, str]", configuration: str) -> tuple[dict[str, object] | None, bool]:
    """What to print, and whether it went well."""
    command = environment.get("CNI_COMMAND", "")
    given = json.loads(configuration or "{}")
    version = given.get("cniVersion", VERSIONS[0])
    if command == "VERSION":
        return {"cniVersion": version, "supportedVersions": VERSIONS}, True
    if command not in ("ADD", "DEL"):  # CHECK, STATUS, GC: agents see to their Pods by themselves
        return None, True
    uid = arguments(environment.get("CNI_ARGS", "")).get("K8S_POD_UID", "")
    folder = door_of(given.get("agents", "/run/podo"), uid)
    if not folder:
        return _failed(version, UNKNOWN_POD, f"no agent of podo expects the Pod {uid or '(no K8S_POD_UID)'}", command)
    request = {
        "command": command,
        "uid": uid,
        "container": environment.get("CNI_CONTAINERID", ""),
        "netns": environment.get("CNI_NETNS", ""),
        "device": environment.get("CNI_IFNAME", ""),
    }
    try:
        answer = ask(folder, request)
    except (OSError, ValueError) as error:
        return _failed(version, NO_AGENT, f"the agent of podo does not answer: {error}", command)
    if "error" in answer:
        return _failed(version, REFUSED, str(answer["error"]), command)
    return ({"cniVersion": version} | answer, True) if command == "ADD" else (None, True)


def _failed(version: str, code: int, message: str, command: str) -> tuple[dict[str, object] | None, bool]:
    if command == "DEL" and code != REFUSED:  # its agent tidies up by itself, or is gone with all that was its
        return None, True
    return {"cniVersion": version, "code": code, "msg": message}, False


def main() -> int:
    """Run as a plug-in; the exit status."""
    answer, well = run(os.environ, sys.stdin.read())
    if answer is not None:
        json.dump(answer, sys.stdout)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
