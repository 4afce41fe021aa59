"""podo image: the images that a cluster's nodes have."""

from pathlib import Path
from typing import Annotated

import typer

from podo.cli.output import Format, Name, Output, StateDir, note, show

app = typer.Typer(help="List, load, pull and remove the images that the nodes have.", no_args_is_help=True)
References = Annotated[list[str], typer.Argument(help="Images, such as hello:v1.")]


@app.command("ls")
def ls(name: Name = "default", output: Output = Format.TABLE, state_dir: StateDir = "") -> None:
    """List images."""
    from podo.cluster import images

    show(images.ls(name, state_dir), ("image", "id", "size"), output, wide=("digest", "created"))


@app.command("load")
def load(
    archives: Annotated[list[Path], typer.Argument(help="Archives of docker save or OCI, or OCI layout folders.")],
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Load images from archives."""
    from podo.cluster import images

    for archive in archives:
        for reference in images.load(name, state_dir, archive):
            note(f"loaded {reference}")


@app.command("pull")
def pull(references: References, name: Name = "default", state_dir: StateDir = "") -> None:
    """Pull images from their registries."""
    from podo.cluster import images

    for reference in references:
        note(f"pulled {images.pull(name, state_dir, reference, progress=note)}")


@app.command("rm")
def rm(references: References, name: Name = "default", state_dir: StateDir = "") -> None:
    """Remove images; layers that nothing uses go with them."""
    from podo.cluster import images

    for reference in references:
        images.rm(name, state_dir, reference)
        note(f"removed {reference}")
