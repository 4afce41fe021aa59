"""The messages of device plug-ins (v1beta1) and of the list of what Pods have (podresources v1)."""

from podo.rpc.messages import Messages

VERSION = "v1beta1"
REGISTER = "/v1beta1.Registration/Register"
OPTIONS = "/v1beta1.DevicePlugin/GetDevicePluginOptions"
LIST, ALLOCATE = "/v1beta1.DevicePlugin/ListAndWatch", "/v1beta1.DevicePlugin/Allocate"
PREFER, PRE_START = "/v1beta1.DevicePlugin/GetPreferredAllocation", "/v1beta1.DevicePlugin/PreStartContainer"
DEVICES = Messages(
    "deviceplugin",
    {
        "Empty": "",
        "Options": "pre_start_required=1 bool, get_preferred_allocation_available=2 bool",
        "Register": "version=1 string, endpoint=2 string, resource_name=3 string, options=4 Options",
        "Listed": "devices=1 Device*",
        "Device": "ID=1 string, health=2 string, topology=3 Topology",
        "Topology": "nodes=1 NUMANode*",
        "NUMANode": "ID=1 int64",
        "Ids": "devices_ids=1 string*",
        "PreferRequest": "container_requests=1 ContainerPrefer*",
        "ContainerPrefer": "available_deviceIDs=1 string*, must_include_deviceIDs=2 string*, allocation_size=3 int32",
        "Preferred": "container_responses=1 ContainerPreferred*",
        "ContainerPreferred": "deviceIDs=1 string*",
        "AllocateRequest": "container_requests=1 Ids*",
        "Allocated": "container_responses=1 ContainerAllocated*",
        "ContainerAllocated": (
            "envs=1 map, mounts=2 Mount*, devices=3 DeviceSpec*, annotations=4 map, cdi_devices=5 CDIDevice*"
        ),
        "Mount": "container_path=1 string, host_path=2 string, read_only=3 bool",
        "DeviceSpec": "container_path=1 string, host_path=2 string, permissions=3 string",
        "CDIDevice": "name=1 string",
    },
    {
        REGISTER: ("Register", "Empty"),
        OPTIONS: ("Empty", "Options"),
        LIST: ("Empty", "Listed"),
        ALLOCATE: ("AllocateRequest", "Allocated"),
        PREFER: ("PreferRequest", "Preferred"),
        PRE_START: ("Ids", "Empty"),
    },
)
LIST_PODS, GET_POD = "/v1.PodResourcesLister/List", "/v1.PodResourcesLister/Get"
ALLOCATABLE = "/v1.PodResourcesLister/GetAllocatableResources"
POD_RESOURCES = Messages(
    "podresources",
    {
        "Empty": "",
        "NUMANode": "ID=1 int64",
        "Topology": "nodes=1 NUMANode*",
        "Devices": "resource_name=1 string, device_ids=2 string*, topology=3 Topology",
        "Memory": "memory_type=1 string, size=2 uint64, topology=3 Topology",
        "Container": "name=1 string, devices=2 Devices*, cpu_ids=3 int64*, memory=4 Memory*",
        "Pod": "name=1 string, namespace=2 string, containers=3 Container*",
        "Listed": "pod_resources=1 Pod*",
        "GetRequest": "pod_name=1 string, pod_namespace=2 string",
        "Got": "pod_resources=1 Pod",
        "Allocatable": "devices=1 Devices*, cpu_ids=2 int64*, memory=3 Memory*",
    },
    {
        LIST_PODS: ("Empty", "Listed"),
        GET_POD: ("GetRequest", "Got"),
        ALLOCATABLE: ("Empty", "Allocatable"),
    },
)
