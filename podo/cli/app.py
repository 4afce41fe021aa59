"""The command line: every verb, one line each."""

import typer

from podo.cli import (
    backup,
    build,
    dns,
    doctor,
    down,
    expose,
    image,
    kubeconfig,
    logs,
    network,
    node,
    setup,
    status,
    up,
    version,
)
from podo.cli.output import failures

app = typer.Typer(
    name="podo",
    help="A real Kubernetes cluster on this machine, in a second.",
    epilog="podo server --api-only runs the API alone; podo server --help says how.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("down")(down.down)
app.command("status")(status.status)
app.add_typer(node.app, name="node")
app.add_typer(network.app, name="network")
app.add_typer(dns.app, name="dns")
app.command("expose")(expose.expose)
app.command("kubeconfig")(kubeconfig.kubeconfig)
app.command("build")(build.build)
app.add_typer(image.app, name="image")
app.add_typer(backup.app, name="backup")
app.command("logs")(logs.logs)
app.command("doctor")(doctor.doctor)
app.command("setup")(setup.setup)
app.command("version")(version.version)


def run() -> None:
    """Run the verb that the arguments name."""
    with failures():
        app()
