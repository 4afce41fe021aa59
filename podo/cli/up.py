"""podo up: start a cluster, or what is missing of one."""

from typing import Annotated

import typer

from podo.cli.output import Name, StateDir, note, styled
from podo.cluster.ip_family import IPFamily


def up(
    name: Name = "default",
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, max=100, help="How many local nodes (of a new cluster: 1).")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait until all nodes are Ready; 0: do not.")] = 60,
    cpu: Annotated[str, typer.Option(help="Each new node's CPUs, as a quantity; default: the machine's.")] = "",
    memory: Annotated[str, typer.Option(help="Each new node's memory, as a quantity; default: the machine's.")] = "",
    state_dir: StateDir = "",
    ip_family: Annotated[
        IPFamily | None, typer.Option("--ip-family", help="Of a new cluster's nodes, Pods and Services; default: ipv4.")
    ] = None,
    max_nodes: Annotated[
        int | None,
        typer.Option("--max-nodes", min=0, max=100, help="Add nodes, up to so many, when Pods fit nowhere; 0: do not."),
    ] = None,
    node_idle: Annotated[
        float,
        typer.Option("--node-idle", min=1, help="Seconds after which an added node that nobody needs goes."),
    ] = 120,
    vertical_autoscaling: Annotated[
        bool | None,
        typer.Option(
            "--vertical-autoscaling/--no-vertical-autoscaling",
            help="Serve VerticalPodAutoscalers, and act on them, from the server's start on.",
        ),
    ] = None,
    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            help="A new cluster's runtime by CRI: containerd, crio or unix:///….sock; default: podo's own.",
            metavar="RUNTIME",
        ),
    ] = "",
    scheduler_config: Annotated[
        str,
        typer.Option(
            "--scheduler-config", help="A KubeSchedulerConfiguration, from the server's start on.", metavar="FILE"
        ),
    ] = "",
    config: Annotated[
        str, typer.Option("--config", help="A YAML file; its apiServer: has flags of kube-apiserver.", metavar="FILE")
    ] = "",
) -> None:
    """Start a cluster, or whatever is missing of one that is there already."""
    from podo.cluster.up import UpOptions, bring_up

    options = UpOptions(
        name=name,
        nodes=nodes,
        wait=wait,
        cpu=cpu,
        memory=memory,
        state_dir=state_dir,
        config=config,
        ip_family=ip_family,
        max_nodes=max_nodes,
        node_idle=node_idle,
        vertical_autoscaling=vertical_autoscaling,
        runtime=runtime,
        scheduler_config=scheduler_config,
    )
    result = bring_up(options, progress=note)
    note(f"{styled('ready', 'green')}: cluster {name!r}, {result.summary}, {result.seconds:.2f} s")
    note(f"  export KUBECONFIG={result.kubeconfig}    (or merge it: podo kubeconfig --merge)")
