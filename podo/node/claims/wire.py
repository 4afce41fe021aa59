"""The messages between a node and its device drivers (k8s.io/kubelet, dra/v1, dra/v1beta1, dra-health/v1alpha1)."""

from podo.rpc.messages import Messages

TABLE = {
    "Claim": "namespace=1 string, uid=2 string, name=3 string",
    "Device": (
        "request_names=1 string*, pool_name=2 string, device_name=3 string, cdi_device_ids=4 string*, share_id=5 string"
    ),
    "PrepareRequest": "claims=1 Claim*",
    "Prepared": "devices=1 Device*, error=2 string",
    "PrepareResponse": "claims=1 map<Prepared>",
    "UnprepareRequest": "claims=1 Claim*",
    "Unprepared": "error=1 string",
    "UnprepareResponse": "claims=1 map<Unprepared>",
    "WatchRequest": "",
    "DeviceIdentifier": "pool_name=1 string, device_name=2 string",
    "DeviceHealth": (
        "device=1 DeviceIdentifier, health=2 int32, last_updated_time=3 int64, health_check_timeout_seconds=4 int64, "
        "message=5 string"
    ),
    "WatchResponse": "devices=1 DeviceHealth*",
}
SERVICES = {"v1.DRAPlugin": "v1", "v1beta1.DRAPlugin": "v1beta1"}
"""What a driver may call the services that it has, and the version of each."""
WATCH = "/v1alpha1.DRAResourceHealth/NodeWatchResources"


def method(version: str, name: str) -> str:
    """The path of a method of drivers: NodePrepareResources, NodeUnprepareResources."""
    return f"/k8s.io.kubelet.pkg.apis.dra.{version}.DRAPlugin/{name}"


PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"
METHODS = {
    **{method(version, PREPARE): ("PrepareRequest", "PrepareResponse") for version in SERVICES.values()},
    **{method(version, UNPREPARE): ("UnprepareRequest", "UnprepareResponse") for version in SERVICES.values()},
    WATCH: ("WatchRequest", "WatchResponse"),
}
MESSAGES = Messages("dra", TABLE, METHODS)
