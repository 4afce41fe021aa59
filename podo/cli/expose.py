"""podo expose: under which address something answers from outside the cluster."""

from typing import Annotated

import typer

from podo.cli.output import Format, Name, Output, StateDir, show


def expose(
    what: Annotated[str, typer.Argument(metavar="KIND/NAME", help="service/NAME, ingress/NAME or gateway/NAME.")],
    namespace: Annotated[str, typer.Option("--namespace", help="Its namespace.")] = "default",
    output: Output = Format.TABLE,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Print the addresses under which a Service, an Ingress or a Gateway answers on this host."""
    from podo.cluster import network

    show(network.expose(name, state_dir, what, namespace), ["address", "from", "leads_to"], output)
