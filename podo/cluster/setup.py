"""Install what `doctor` misses, with the distribution's package manager."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from podo.cluster.errors import ClusterError


def install(packages: Sequence[str]) -> None:
    """Install Debian packages. Raises ClusterError with the last lines of what went wrong."""
    if os.geteuid() != 0:
        raise ClusterError("installing packages needs root", hint="sudo podo setup")
    if shutil.which("apt-get") is None:
        hint = f"install with your package manager: {' '.join(packages)}"
        raise ClusterError("this system has no apt-get", hint=hint)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            hint = f"run it yourself: apt-get {' '.join(command)}"
            raise ClusterError(f"apt-get {command[0]} failed:\n{tail}", hint=hint)
