"""What a policy of ten expressions costs a Pod that is created: the same dry run with and without it."""

import asyncio
import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.client import Refused
from bench.load import Sample, load
from bench.reading import Reading, percentile
from bench.target import Target

GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = f"{GROUP}/validatingadmissionpolicies", f"{GROUP}/validatingadmissionpolicybindings"
NAME = "bench-ten-expressions"
EXPRESSIONS = (
    "object.metadata.name != 'bench-refused'",
    "object.spec.containers.all(c, !c.image.startsWith('forbidden.example.com/'))",
    "object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged))",
    "!has(object.spec.hostNetwork) || !object.spec.hostNetwork",
    "has(object.metadata.labels) && 'app' in object.metadata.labels",
    "object.metadata.labels.app == 'bench'",
    "object.spec.containers.size() <= 10",
    "object.metadata.name.matches('^[a-z0-9-]+$')",
    "!object.spec.?volumes.orValue([]).exists(v, has(v.hostPath))",
    "object.spec.containers.all(c, c.name.size() < 64)",
)


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, numbers = objects.pods(target.namespace), itertools.count()

    def create(connection: int, number: int) -> bytes:
        pod = objects.encoded(objects.idle_pod(f"policy-{next(numbers)}"))
        return target.client.encode("POST", f"{path}?dryRun=All", pod)

    async def sample() -> Sample:
        return await load(target.client, create, connections=1, seconds=target.options.seconds)

    without = await sample()
    yield without.reading("dry run of a Pod, no policy")
    await _enforce(target, path)
    try:
        ruled = await sample()
    finally:
        for one in (f"{BINDINGS}/{NAME}", f"{POLICIES}/{NAME}"):
            await target.client.one("DELETE", one, allow=(404,))
    yield ruled.reading("dry run of a Pod, ten expressions")
    added = percentile(ruled.times, 0.5) - percentile(without.times, 0.5)
    yield Reading("ten expressions cost a request", value=f"{added * 1e3:.2f} ms")


async def _enforce(target: Target, path: str) -> None:
    """Make the policy and wait until it refuses."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": target.namespace}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": expression} for expression in EXPRESSIONS],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": NAME}}
    await target.create(POLICIES, head | {"kind": "ValidatingAdmissionPolicy", "spec": spec})
    bound = {"policyName": NAME, "validationActions": ["Deny"]}
    await target.create(BINDINGS, head | {"kind": "ValidatingAdmissionPolicyBinding", "spec": bound})
    refused = objects.idle_pod("bench-refused")
    async with asyncio.timeout(target.options.patience):
        while True:
            try:
                await target.client.one("POST", f"{path}?dryRun=All", refused)
            except Refused:
                return
            await asyncio.sleep(0.1)
