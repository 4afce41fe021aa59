"""`python -m bench`: measure a cluster, print a table."""

import contextlib
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import start, table
from bench.client import Refused
from bench.measures import MEASURES
from bench.measures.base import Measure
from bench.own import own_cluster
from bench.target import Options, Target, prepared
from podo.client.kubeconfig import KubeconfigError


class Output(Enum):
    TABLE = "table"
    JSON = "json"


class Run:
    """One run: what was measured, what was left out, and the progress shown meanwhile (on standard error)."""

    def __init__(self, measures: tuple[Measure, ...]) -> None:
        self.measures, self.lines, self.skipped = measures, list[table.Line](), list[tuple[str, str]]()
        self._console = Console(stderr=True)

    async def on(self, options: Options) -> None:
        """Measure the cluster of the kubeconfig."""
        async with prepared(options) as target:
            for measure in self.measures:
                if reason := measure.missing(target):
                    self.skipped.append((measure.name, reason))
                else:
                    await self._measure(measure, target)

    async def _measure(self, measure: Measure, target: Target) -> None:
        with self._progress(measure.name):
            try:
                async for reading in measure.run(target):
                    self.lines.append((measure.name, measure.aim, reading))
            except (Refused, TimeoutError, OSError) as error:  # the other measures are worth having
                self.skipped.append((measure.name, f"FAILED: {str(error) or 'it took too long'}"))
            await target.clear()

    async def from_start(self, options: Options, *, nodes: bool) -> None:
        """Measure the start, then what it started."""
        with tempfile.NamedTemporaryFile(prefix="podo-bench-", suffix=".log", delete=False) as log:
            path = Path(log.name)  # left behind if something fails, for whoever wants to know why
        async with contextlib.AsyncExitStack() as stack:
            with self._progress("start"):
                readings = await stack.enter_async_context(start.started(options, nodes=nodes, log=path))
            self.lines += [("start", start.AIM, reading) for reading in readings]
            await self.on(options)
        path.unlink()

    @contextlib.contextmanager
    def _progress(self, name: str) -> Iterator[None]:
        with self._console.status(f"measuring {name} …"):
            yield


def chosen(only: list[str]) -> tuple[Measure, ...]:
    """The measures of these names, all if there are none."""
    names = {measure.name for measure in MEASURES}
    if unknown := [name for name in only if name not in names]:
        raise typer.BadParameter(f"{', '.join(unknown)}: there are only {', '.join(sorted(names))}")
    return tuple(measure for measure in MEASURES if not only or measure.name in only)


def main(
    kubeconfig: Annotated[Path | None, typer.Option(help="The cluster to measure; default: a podo of its own.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A measure's name; may be given several times.")] = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="What to print.")] = Output.TABLE,
    seconds: Annotated[float, typer.Option(help="How long each load lasts.")] = Options.seconds,
    rounds: Annotated[int, typer.Option(help="How often a single thing is timed.")] = Options.rounds,
    stored: Annotated[list[int] | None, typer.Option(help="How many objects the LISTs find.")] = None,
    scale: Annotated[list[int] | None, typer.Option(help="With how many objects stored each verb is timed.")] = None,
    watchers: Annotated[int, typer.Option(help="How many watch at once.")] = Options.watchers,
    image: Annotated[str, typer.Option(help="An image that every node has.")] = Options.image,
    process: Annotated[str, typer.Option(help="Regular expression for the cluster's command lines.")] = "",
    start: Annotated[str, typer.Option(help="Command that starts a new cluster and writes the kubeconfig.")] = "",
    stop: Annotated[str, typer.Option(help="Command that removes it.")] = "",
    prepare: Annotated[str, typer.Option(help="Command to run once it has started.")] = "",
    nodes: Annotated[bool, typer.Option(help="Whether the started cluster will have nodes.")] = True,
) -> None:
    """Measure a Kubernetes cluster. What it lacks is left out, and said."""
    options = Options(kubeconfig or Path(), seconds, rounds, tuple(stored or Options.stored), watchers=watchers)
    options = replace(options, scale=tuple(scale or Options.scale))
    options = replace(options, image=image, process=process, start=start, stop=stop, prepare=prepare)
    if not kubeconfig:
        options = own_cluster(options)
    _allow_many_files()
    run, before = Run(chosen(only or [])), os.getloadavg()[0]
    try:
        uvloop.run(run.from_start(options, nodes=nodes) if options.start else run.on(options))
    except (Refused, KubeconfigError, OSError) as error:  # what was read before is still worth having
        run.skipped.append(("the rest", f"FAILED: {error}"))
    load = f"{before:.1f} before, {os.getloadavg()[0]:.1f} after"
    if output is Output.JSON:
        print(table.as_json(run.lines, run.skipped, load))
    else:
        table.render(run.lines, run.skipped, load, Console(width=None if sys.stdout.isatty() else 180))
    sys.exit(any("FAILED" in reason for _, reason in run.skipped))


def _allow_many_files() -> None:
    """A thousand watchers are a thousand connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    typer.run(main)
