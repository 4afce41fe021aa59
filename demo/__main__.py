"""Show every promise, one line each with its outcome and time. Exit status 1 if one is not kept."""

import argparse
import sys
import time
from types import ModuleType

from demo.stage import Broken, Stage
from demo.steps import (
    autoscale,
    balance,
    blobs,
    cluster,
    containerise,
    deploy,
    guard,
    heal,
    isolate,
    leave,
    node_loss,
    operate,
    outside,
    rollback,
    rollout,
    rule,
    scale,
    survive,
    volume,
)

STEPS: tuple[ModuleType, ...] = (
    containerise,
    cluster,
    deploy,
    balance,
    outside,
    isolate,
    rule,
    operate,
    heal,
    node_loss,
    volume,
    blobs,
    scale,
    autoscale,
    rollout,
    rollback,
    guard,
    survive,
    leave,
)


def main() -> int:
    """Run the steps in order; stop at the first broken promise, and say how to look into it."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--name", default="default", help="the cluster's name")
    parser.add_argument("--down", action="store_true", help="take the cluster down at the end, however that comes")
    options = parser.parse_args()
    stage, started = Stage(cluster=options.name, progress=progress), time.monotonic()
    try:
        for number, step in enumerate(STEPS, 1):
            if not show(number, step, stage):
                return 1
        print(f"all promises kept in {time.monotonic() - started:.1f} s")
    finally:
        if options.down:
            stage.podo("down")
    if not options.down:
        print(f"\nThe cluster runs on:\n  export KUBECONFIG={stage.environment['KUBECONFIG']}")
        print("  kubectl get pods -o wide      podo status      podo down")
    return 0


def show(number: int, step: ModuleType, stage: Stage) -> bool:
    """Run one step and print its line; whether its promise was kept."""
    started = time.monotonic()
    try:
        shown = step.run(stage)
    except (Broken, OSError) as error:
        progress("")
        print(
            f"✗ {number:2} {step.TITLE}\n     {error}\n     look into it: podo status; podo logs; kubectl get events",
            flush=True,
        )
        return False
    progress("")
    print(f"✓ {number:2} {step.TITLE}  [{time.monotonic() - started:.2f} s]\n     {shown}", flush=True)
    return True


def progress(text: str) -> None:
    """What is being done, on a line of its own that the next one replaces; on terminals only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{f'  … {text}'[:100] if text else ''}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
