"""How results are printed: tables for people, JSON or YAML for scripts; and how failures are."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from podo.cluster.errors import ClusterError, explained


class Format(StrEnum):
    """What `-o` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to print: table, wide, json or yaml.")]
Name = Annotated[str, typer.Option("--name", "-n", envvar="PODO_CLUSTER", help="The cluster.")]
StateDir = Annotated[
    str, typer.Option("--state-dir", envvar="PODO_STATE_DIR", help="Where its state is, if not /var/lib/podo/NAME.")
]
Row = Mapping[str, Any]


def show(rows: Sequence[Row], columns: Sequence[str], output: Format, *, wide: Sequence[str] = ()) -> None:
    """Print rows; JSON and YAML have all their fields, a table those in `columns`, and in `wide` under -o wide."""
    if output is Format.JSON:
        print(json.dumps(list(rows), indent=2, ensure_ascii=False))
    elif output is Format.YAML:
        import yaml

        print(yaml.safe_dump([dict(r) for r in rows], sort_keys=False, allow_unicode=True), end="")
    else:
        shown = [*columns, *(wide if output is Format.WIDE else ())]
        print("\n".join(table([[c.upper() for c in shown], *([text(r.get(c)) for c in shown] for r in rows)])))


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns, three spaces apart, as kubectl prints them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def text(value: Any) -> str:
    """A cell of a table."""
    if value is None or value == "":
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def styled(message: str, colour: str) -> str:
    """Coloured on a terminal that wants colours, plain elsewhere."""
    import os

    wanted = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return typer.style(message, fg=colour) if wanted else message


def note(message: str) -> None:
    """Progress: to stderr, so that stdout stays fit for scripts."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def failures() -> Iterator[None]:
    """Turn what went wrong into words and exit status 1; Ctrl-C into 130."""
    try:
        yield
    except ClusterError as error:
        raise _told(error) from error
    except BrokenPipeError:
        raise SystemExit(0) from None
    except OSError as error:
        raise _told(explained(error)) from error
    except KeyboardInterrupt:
        note("interrupted")
        raise SystemExit(130) from None


def _told(error: ClusterError) -> SystemExit:
    note(f"{styled('error:', 'red')} {error}")
    if error.hint:
        note(f"{styled('  fix:', 'yellow')} {error.hint}")
    return SystemExit(1)
