"""podo build: an image from a Dockerfile, straight into the cluster's store."""

from pathlib import Path
from typing import Annotated

import typer

from podo.cli.output import Name, StateDir, note


def build(
    context: Annotated[Path, typer.Argument(help="The folder with the application and its Dockerfile.")],
    tag: Annotated[str, typer.Option("--tag", "-t", help="The image's name, such as hello:v1.")],
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="The Dockerfile, if not CONTEXT/Dockerfile.")
    ] = None,
    build_arg: Annotated[list[str], typer.Option("--build-arg", help="NAME=VALUE, may be repeated.")] = [],  # noqa: B006
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Build an image; every node of the cluster has it at once."""
    from podo.cluster import images

    reference = images.build(name, state_dir, context, tag=tag, file=file, arguments=build_arg, progress=note)
    note(f"built {reference}")
