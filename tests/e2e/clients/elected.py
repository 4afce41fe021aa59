"""One of two replicas of a controller: leader election of the official Python client over a Lease.

The leader writes its name into a ConfigMap, again and again; it ends when it leads no more, as others do.
"""

import sys
import threading

from kubernetes import client, config
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

namespace, identity = sys.argv[1:]
stopped = threading.Event()
config.load_kube_config()


def lead() -> None:
    print(f"{identity} leads", flush=True)
    core = client.CoreV1Api()
    while not stopped.wait(0.2):
        core.patch_namespaced_config_map("work", namespace, {"data": {"by": identity}})


def follow() -> None:
    print(f"{identity} leads no more", flush=True)
    stopped.set()


lock = LeaseLock("controller", namespace, identity)
settings = electionconfig.Config(
    lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=lead, onstopped_leading=follow
)
leaderelection.LeaderElection(settings).run()
