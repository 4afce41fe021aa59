"""A podo cluster of our own to measure, where none is named: one node, made by this checkout's `podo`."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path

from bench.target import Options

NAME = "podo-bench"
EXAMPLE = Path(__file__).parent.parent / "examples" / "hello"


def own_cluster(options: Options) -> Options:
    """The commands for it, and where its kubeconfig and its processes are."""
    podo = f"{shlex.quote(sys.executable)} -m podo.main"  # what the `podo` script runs, wherever that may be
    return replace(
        options,
        kubeconfig=Path("/var/lib/podo") / NAME / "kubeconfig",
        start=f"{podo} up --name {NAME}",
        stop=f"{podo} down --name {NAME}",
        prepare=f"{podo} build --name {NAME} --tag {options.image} {shlex.quote(str(EXAMPLE))}",
        process=rf"podo\.main (server|agent) .*/{NAME}/",
    )
