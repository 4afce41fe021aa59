"""Services and what belongs to them."""

from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import (
    NONE,
    UNKNOWN,
    Cells,
    addresses,
    age,
    cut,
    joined,
    labels,
    name,
    selector,
    spec,
    status,
)


def service(obj: Object, now: datetime) -> Cells:
    """Name, type, cluster address, external ones, ports, age; selector."""
    wanted = spec(obj)
    inner = (wanted.get("clusterIPs") or [NONE])[0]
    ports = joined([_port(port) for port in wanted.get("ports") or ()])
    shown = [name(obj), wanted.get("type", ""), inner, _outer(obj), ports, age(obj, now)]
    return [*shown, labels(wanted.get("selector"))]


def _port(port: Object) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', '')}"


def _outer(obj: Object) -> str:
    wanted = spec(obj)
    type, given = wanted.get("type"), wanted.get("externalIPs") or []
    if type in ("ClusterIP", "NodePort"):
        return joined(given)
    if type == "LoadBalancer":
        balancer = addresses(status(obj).get("loadBalancer"))
        return joined([*([balancer] if balancer else []), *given], "<pending>")
    return str(wanted.get("externalName", "")) if type == "ExternalName" else UNKNOWN


def endpoints(obj: Object, now: datetime) -> Cells:
    """Name, addresses with ports, age."""
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        ready = [place["ip"] for place in subset.get("addresses") or ()]
        ports = [port.get("port") for port in subset.get("ports") or ()]
        found += [_joined(ip, port) for port in ports for ip in ready] if ports else ready
    return [name(obj), cut(found, empty=NONE if not obj.get("subsets") else ""), age(obj, now)]


def _joined(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def endpoint_slice(obj: Object, now: datetime) -> Cells:
    """Name, family, ports, addresses, age."""
    ports = [_slice_port(port) for port in obj.get("ports") or ()]
    found = [ip for endpoint in obj.get("endpoints") or () for ip in endpoint.get("addresses") or ()]
    return [name(obj), obj.get("addressType", ""), cut(ports), cut(found), age(obj, now)]


def _slice_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return "*" if port.get("name") is None else str(port["name"])


def ingress(obj: Object, now: datetime) -> Cells:
    """Name, class, hosts, addresses, ports, age."""
    wanted = spec(obj)
    kind = NONE if wanted.get("ingressClassName") is None else wanted["ingressClassName"]
    ports = "80, 443" if wanted.get("tls") else "80"
    address = addresses(status(obj).get("loadBalancer"))
    return [name(obj), kind, hosts(wanted.get("rules") or []), address, ports, age(obj, now)]


def hosts(rules: list[Object]) -> str:
    """The first three hosts that rules name."""
    shown: list[str] = []
    more = False
    for rule in rules:
        if len(shown) == 3:
            more = True
        elif rule.get("host"):
            shown.append(rule["host"])
    if not shown:
        return "*"
    return ",".join(shown) + (f" + {len(rules) - 3} more..." if more else "")


def ingress_class(obj: Object, now: datetime) -> Cells:
    """Name, controller, parameters, age."""
    default = (obj["metadata"].get("annotations") or {}).get("ingressclass.kubernetes.io/is-default-class") == "true"
    given = spec(obj).get("parameters")
    parameters = NONE
    if given is not None:
        group = f".{given['apiGroup']}" if given.get("apiGroup") is not None else ""
        parameters = f"{given.get('kind', '')}{group}/{given.get('name', '')}"
    shown = f"{name(obj)} (default)" if default else name(obj)
    return [shown, spec(obj).get("controller", ""), parameters, age(obj, now)]


def network_policy(obj: Object, now: datetime) -> Cells:
    """Name, for which Pods, age."""
    return [name(obj), selector(spec(obj).get("podSelector") or {}), age(obj, now)]


def service_cidr(obj: Object, now: datetime) -> Cells:
    """Name, ranges, age."""
    return [name(obj), joined(spec(obj).get("cidrs"), ""), age(obj, now)]


def ip_address(obj: Object, now: datetime) -> Cells:
    """Name, whose it is, and (though it has no column) its age."""
    parent = spec(obj).get("parentRef")
    shown = NONE
    if parent is not None:
        group = f".{parent['group']}" if parent.get("group") else ""
        shown = f"{parent.get('resource', '')}{group}".lower()
        shown = "/".join([shown, *filter(None, [parent.get("namespace")]), parent.get("name", "")])
    return [name(obj), shown, age(obj, now)]
