"""The readings as a table for people, or as JSON."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench.reading import Reading

RIGHT = ("count", "result", "p50", "p99", "CPU each")
Line = tuple[str, str, Reading]
"""(name of the measure, its aim, the reading)."""


def seconds(value: float | None) -> str:
    """A time in the unit that suits it."""
    if value is None:
        return ""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.1f} ms" if value >= 0.01 else f"{value * 1e3:.3f} ms"


def rate(reading: Reading) -> str:
    """What there was a second, or the value of what is no time."""
    if reading.rate is None:
        return reading.value
    return f"{reading.rate:,.0f} {'' if reading.unit == 'requests' else reading.unit}/s".replace(" /s", "/s")


def render(lines: Iterable[Line], skipped: Iterable[tuple[str, str]], load: str, console: Console) -> None:
    """Print the table, what else kept the machine busy (`load`), and what was left out and why."""
    table = Table(box=None, pad_edge=False)
    for heading in ("measure", "count", "result", "p50", "p99", "CPU each", "aim", "note"):
        table.add_column(heading, justify="right" if heading in RIGHT else "left")
    shown = ""
    for name, aim, reading in lines:
        times = seconds(reading.p50), seconds(reading.p99), seconds(reading.cpu)
        table.add_row(
            reading.case, f"{reading.count:,}", rate(reading), *times, "" if name == shown else aim, reading.note
        )
        shown = name
    console.print(table)
    console.print(f"{os.cpu_count()} cores; load {load}")
    for name, reason in skipped:
        console.print(f"{name}: left out: {reason}")


def as_json(lines: Iterable[Line], skipped: Iterable[tuple[str, str]], load: str) -> str:
    """All numbers, times in seconds."""
    readings = [{"measure": name, "aim": aim, **asdict(reading)} for name, aim, reading in lines]
    return json.dumps({"readings": readings, "skipped": dict(skipped), "load": load}, indent=2, ensure_ascii=False)
