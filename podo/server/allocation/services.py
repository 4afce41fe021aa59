"""Around each write of a Service: claim what it needs, and give back what it needs no longer."""

from collections.abc import Awaitable, Callable

from podo.api.errors import APIError, Invalid
from podo.api.field_errors import invalid, invalid_object
from podo.server.allocation.pools import Addresses, ClaimError, PoolFull, Ports
from podo.server.allocation.service_fields import (
    EXTERNAL,
    NONE,
    adopt,
    allocates_node_ports,
    needs_health_port,
    needs_node_ports,
    node_ports,
    set_families,
)
from podo.server.context import Context
from podo.server.registry.hooks import Finish
from podo.server.strategy import Object

Release = Callable[[], Awaitable[None]]


class ServiceAllocation:
    """A `Hook` for Services. Dry runs claim nothing, but show what might be given."""

    def __init__(self, addresses: Addresses, ports: Ports) -> None:
        self._addresses, self._ports = addresses, ports

    async def begin(self, ctx: Context, obj: Object, old: Object | None) -> Finish:
        """Raises Invalid, and APIError where a pool is exhausted."""
        if ctx.subresource:
            return _nothing
        spec, before = obj.setdefault("spec", {}), old.get("spec") or {} if old is not None else None
        name = obj["metadata"].get("name", "")
        adopt(spec, before)
        set_families(name, spec, before, self._addresses.families)
        undo: list[Release] = []
        try:
            await self._cluster_ips(ctx, obj, before, undo)
            await self._node_ports(ctx, obj, before, undo)
        except BaseException:
            await _run(undo)
            raise
        surplus = self._surplus(ctx, spec, before) if before is not None else []

        async def finish(done: bool) -> None:
            if not ctx.dry_run:
                await _run(surplus if done else undo)

        return finish

    async def deleted(self, ctx: Context, obj: Object) -> None:
        """Give back everything."""
        await _run(self._surplus(ctx, {"type": EXTERNAL}, obj.get("spec") or {}))

    async def _cluster_ips(self, ctx: Context, obj: Object, old: Object | None, undo: list[Release]) -> None:
        spec = obj["spec"]
        addresses = list(spec.get("clusterIPs") or ())
        if spec.get("type") == EXTERNAL or addresses[:1] == [NONE]:
            return
        if old is not None and old.get("type") != EXTERNAL:
            have = list(old.get("clusterIPs") or ())
            if have[:1] == [NONE] or len(spec.get("ipFamilies") or ()) <= len(have):
                return
        else:
            have = []
        for position, family in enumerate(spec.get("ipFamilies") or ()):
            if position < len(have):
                continue
            if position < len(addresses) and addresses[position]:
                await self._claim_address(ctx, obj, addresses[position])
            else:
                addresses[position:] = [await self._next_address(ctx, obj, family)]
            undo.append(_releasing(self._addresses.release, ctx, addresses[position]))
        spec["clusterIPs"], spec["clusterIP"] = addresses, addresses[0]

    async def _claim_address(self, ctx: Context, obj: Object, address: str) -> None:
        if ctx.dry_run:
            return  # nothing is claimed, so nothing can be refused
        try:
            await self._addresses.claim(ctx, address, obj)
        except ValueError as error:
            text = f"failed to allocate IP {address}: {error}"
            raise _refused(obj, "spec.clusterIPs", obj["spec"]["clusterIPs"], text) from error

    async def _next_address(self, ctx: Context, obj: Object, family: str) -> str:
        try:
            return await self._addresses.claim_next(ctx, family, obj)
        except PoolFull as error:
            name = obj["metadata"].get("name", "")
            text = f'Internal error occurred: failed to allocate a serviceIP for Service "{name}": {error}'
            raise APIError(text) from error

    async def _node_ports(self, ctx: Context, obj: Object, old: Object | None, undo: list[Release]) -> None:
        spec = obj["spec"]
        have = set(node_ports(old)) if old is not None and needs_node_ports(old) else set()
        if old is not None and needs_health_port(old) and old.get("healthCheckNodePort"):
            have.add(old["healthCheckNodePort"])
        if needs_node_ports(spec):
            by_port = {p["port"]: p["nodePort"] for p in reversed(spec.get("ports") or []) if p.get("nodePort")}
            if old is not None:
                by_port = {}
            for position, port in enumerate(spec.get("ports") or ()):
                if not port.get("nodePort") and not allocates_node_ports(spec):
                    continue
                wanted = port.get("nodePort") or by_port.get(port["port"], 0)
                if wanted and wanted not in have:
                    await self._claim_port(ctx, obj, f"spec.ports[{position}].nodePort", wanted)
                elif not wanted:
                    wanted = await self._next_port(ctx, obj, have, "nodePort")
                if wanted not in have:
                    undo.append(_releasing_port(self._ports, wanted))
                have.add(wanted)
                port["nodePort"] = by_port[port["port"]] = wanted
        if needs_health_port(spec):
            wanted = spec.get("healthCheckNodePort") or 0
            if wanted and wanted not in have:
                await self._claim_health_port(ctx, obj, wanted)
            elif not wanted:
                wanted = await self._next_port(ctx, obj, have, "HealthCheck NodePort")
            if wanted not in have:
                undo.append(_releasing_port(self._ports, wanted))
            spec["healthCheckNodePort"] = wanted

    async def _claim_port(self, ctx: Context, obj: Object, path: str, port: int) -> None:
        if ctx.dry_run:
            return
        try:
            await self._ports.claim(ctx, port, obj)
        except ClaimError as error:
            raise _refused(obj, path, port, str(error)) from error

    async def _claim_health_port(self, ctx: Context, obj: Object, port: int) -> None:
        if ctx.dry_run:
            return
        try:
            await self._ports.claim(ctx, port, obj)
        except ClaimError as error:
            text = f"failed to allocate requested HealthCheck NodePort {port}: {error}"
            raise APIError(f"Internal error occurred: {text}") from error

    async def _next_port(self, ctx: Context, obj: Object, but: set[int], what: str) -> int:
        try:
            return await self._ports.claim_next(ctx, obj, but)
        except PoolFull as error:
            raise APIError(f"Internal error occurred: failed to allocate a {what}: {error}") from error

    def _surplus(self, ctx: Context, spec: Object, old: Object) -> list[Release]:
        """What `old` held and `spec` does not need."""
        found: list[Release] = []
        kept = [] if spec.get("type") == EXTERNAL else spec.get("clusterIPs") or []
        if old.get("type") != EXTERNAL:
            gone = [address for address in old.get("clusterIPs") or () if address != NONE and address not in kept]
            found += [_releasing(self._addresses.release, ctx, address) for address in gone]
        ports = held_ports(old) - held_ports(spec)
        return found + [_releasing_port(self._ports, port) for port in sorted(ports)]


def held_ports(spec: Object) -> set[int]:
    """The ports that a Service has from the pool."""
    held = set(node_ports(spec)) if needs_node_ports(spec) else set()
    if needs_health_port(spec) and spec.get("healthCheckNodePort"):
        held.add(spec["healthCheckNodePort"])
    return held


def _refused(obj: Object, path: str, value: object, text: str) -> Invalid:
    return invalid_object("", "Service", obj["metadata"].get("name", ""), [invalid(path, value, text)])


def _releasing(release: Callable[[Context, str], Awaitable[None]], ctx: Context, address: str) -> Release:
    return lambda: release(ctx, address)


def _releasing_port(ports: Ports, port: int) -> Release:
    return lambda: ports.release(port)


async def _run(releases: list[Release]) -> None:
    for release in releases:
        await release()


async def _nothing(done: bool) -> None:
    pass
