"""podo network: what the network lets pass, and why."""

from typing import Annotated

import typer

from podo.cli.output import Format, Name, Output, StateDir, show

app = typer.Typer(help="What the network lets pass, and why.", no_args_is_help=True)
END_HELP = "A Pod, as POD or NAMESPACE/POD, or an address."


@app.command("why")
def why(
    source: Annotated[str, typer.Argument(metavar="FROM", help=END_HELP)],
    target: Annotated[str, typer.Argument(metavar="TO", help=END_HELP)],
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="The port that TO listens on.")] = 80,
    protocol: Annotated[str, typer.Option(help="TCP, UDP or SCTP.")] = "TCP",
    output: Output = Format.TABLE,
    name: Name = "default",
    state_dir: StateDir = "",
) -> None:
    """Which NetworkPolicy, and which of its rules, allows or refuses a connection."""
    from podo.cluster import network

    show(
        network.why(name, state_dir, source, target, protocol=protocol, port=port),
        ["direction", "verdict", "reason"],
        output,
    )
