"""Metrics of the process, and of what the server holds, worked out when someone asks."""

import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

from podo.cel import timing
from podo.server.core import Core
from podo.server.counting import Histogram, head

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def object_lines(core: Core) -> Iterator[str]:
    """How many objects there are of each kind, by the old name and the new one."""
    counts: dict[tuple[str, str], int] = {}
    for served in core.catalog:
        if served.stored.strategy.traits.stored:
            kind = (served.resource.group, served.resource.plural)
            counts[kind] = len(core.cache.resource(served.stored.prefix))
    yield from head("apiserver_storage_objects", "gauge", "Objects by resource.")
    for (group, plural), count in counts.items():
        yield f'apiserver_storage_objects{{resource="{plural}.{group}"}} {count}\n'.replace('."}', '"}')
    yield from head("apiserver_resource_objects", "gauge", "Objects by group and resource.")
    for (group, plural), count in counts.items():
        yield f'apiserver_resource_objects{{group="{group}",resource="{plural}"}} {count}\n'


def process_lines() -> Iterator[str]:
    """What the process uses, by the names that Prometheus' own client libraries have."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    boot = next(
        int(line.split()[1])
        for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()
        if line.startswith("btime")
    )
    figures = (
        ("process_cpu_seconds_total", "counter", "CPU time, in seconds.", usage.ru_utime + usage.ru_stime),
        ("process_resident_memory_bytes", "gauge", "Memory in use.", int(status[21]) * PAGE),
        ("process_virtual_memory_bytes", "gauge", "Address space.", int(status[20])),
        ("process_start_time_seconds", "gauge", "Start, in seconds since 1970.", boot + int(status[19]) / TICKS),
        ("process_open_fds", "gauge", "Open files.", len(os.listdir("/proc/self/fd"))),
        ("process_max_fds", "gauge", "Files that may be open.", resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
    )
    for name, kind, text, value in figures:
        yield from head(name, kind, text)
        yield f"{name} {value}\n"


def expression_lines() -> Iterator[str]:
    """How long expressions were compiled and evaluated."""
    for verb, times in (("compilation", timing.COMPILED), ("evaluation", timing.EVALUATED)):
        name = f"apiserver_cel_{verb}_duration_seconds"
        shown = Histogram(name, f"Time of each {verb} of an expression.", timing.BUCKETS)
        shown.values[()] = [times.total, *map(float, times.counts)]
        yield from shown.lines()


def build_lines(version: Mapping[str, str]) -> Iterator[str]:
    """Which version runs."""
    names = {"major": "major", "minor": "minor", "git_version": "gitVersion", "git_commit": "gitCommit"}
    names |= {"git_tree_state": "gitTreeState", "build_date": "buildDate", "go_version": "goVersion"}
    names |= {"compiler": "compiler", "platform": "platform"}
    labels = ",".join(f'{label}="{version[field]}"' for label, field in names.items())
    yield from head("kubernetes_build_info", "gauge", "The version, in labels.")
    yield f"kubernetes_build_info{{{labels}}} 1\n"
