"""The messages of CSI and of plug-in registration, as far as podo speaks them: see `podo.rpc.messages`."""

from podo.rpc.messages import Messages

CSI = {
    "Empty": "",
    "GetPluginInfoResponse": "name=1 string, vendor_version=2 string, manifest=3 map",
    "ProbeResponse": "ready=1 BoolValue",
    "BoolValue": "value=1 bool",
    "Int64Value": "value=1 int64",
    "Timestamp": "seconds=1 int64, nanos=2 int32",
    "Capability": "rpc=1 RPC",
    "RPC": "type=1 int32",
    "CapabilitiesResponse": "capabilities=1 Capability*",
    "CapacityRange": "required_bytes=1 int64, limit_bytes=2 int64",
    "VolumeCapability": "block=1 Empty, mount=2 MountVolume, access_mode=3 AccessMode",
    "MountVolume": "fs_type=1 string, mount_flags=2 string*, volume_mount_group=3 string",
    "AccessMode": "mode=1 int32",
    "Topology": "segments=1 map",
    "TopologyRequirement": "requisite=1 Topology*, preferred=2 Topology*",
    "SnapshotSource": "snapshot_id=1 string",
    "VolumeSource": "volume_id=1 string",
    "VolumeContentSource": "snapshot=1 SnapshotSource, volume=2 VolumeSource",
    "Volume": (
        "capacity_bytes=1 int64, volume_id=2 string, volume_context=3 map, content_source=4 VolumeContentSource, "
        "accessible_topology=5 Topology*"
    ),
    "CreateVolumeRequest": (
        "name=1 string, capacity_range=2 CapacityRange, volume_capabilities=3 VolumeCapability*, parameters=4 map, "
        "secrets=5 map, volume_content_source=6 VolumeContentSource, accessibility_requirements=7 TopologyRequirement, "
        "mutable_parameters=8 map"
    ),
    "CreateVolumeResponse": "volume=1 Volume",
    "DeleteVolumeRequest": "volume_id=1 string, secrets=2 map",
    "ControllerPublishVolumeRequest": (
        "volume_id=1 string, node_id=2 string, volume_capability=3 VolumeCapability, readonly=4 bool, secrets=5 map, "
        "volume_context=6 map"
    ),
    "ControllerPublishVolumeResponse": "publish_context=1 map",
    "ControllerUnpublishVolumeRequest": "volume_id=1 string, node_id=2 string, secrets=3 map",
    "ControllerExpandVolumeRequest": (
        "volume_id=1 string, capacity_range=2 CapacityRange, secrets=3 map, volume_capability=4 VolumeCapability"
    ),
    "ControllerExpandVolumeResponse": "capacity_bytes=1 int64, node_expansion_required=2 bool",
    "NodeGetInfoResponse": "node_id=1 string, max_volumes_per_node=2 int64, accessible_topology=3 Topology",
    "NodeStageVolumeRequest": (
        "volume_id=1 string, publish_context=2 map, staging_target_path=3 string, "
        "volume_capability=4 VolumeCapability, secrets=5 map, volume_context=6 map"
    ),
    "NodeUnstageVolumeRequest": "volume_id=1 string, staging_target_path=2 string",
    "NodePublishVolumeRequest": (
        "volume_id=1 string, publish_context=2 map, staging_target_path=3 string, target_path=4 string, "
        "volume_capability=5 VolumeCapability, readonly=6 bool, secrets=7 map, volume_context=8 map"
    ),
    "NodeUnpublishVolumeRequest": "volume_id=1 string, target_path=2 string",
    "NodeExpandVolumeRequest": (
        "volume_id=1 string, volume_path=2 string, capacity_range=3 CapacityRange, staging_target_path=4 string, "
        "volume_capability=5 VolumeCapability, secrets=6 map"
    ),
    "NodeExpandVolumeResponse": "capacity_bytes=1 int64",
    "NodeGetVolumeStatsRequest": "volume_id=1 string, volume_path=2 string, staging_target_path=3 string",
    "NodeGetVolumeStatsResponse": "usage=1 VolumeUsage*, volume_condition=2 VolumeCondition",
    "VolumeUsage": "available=1 int64, total=2 int64, used=3 int64, unit=4 int32",
    "VolumeCondition": "abnormal=1 bool, message=2 string",
    "PluginCapabilitiesResponse": "capabilities=1 PluginCapability*",
    "PluginCapability": "service=1 RPC, volume_expansion=2 RPC",
    "CreateSnapshotRequest": "source_volume_id=1 string, name=2 string, secrets=3 map, parameters=4 map",
    "CreateSnapshotResponse": "snapshot=1 Snapshot",
    "Snapshot": (
        "size_bytes=1 int64, snapshot_id=2 string, source_volume_id=3 string, creation_time=4 Timestamp, "
        "ready_to_use=5 bool, group_snapshot_id=6 string"
    ),
    "DeleteSnapshotRequest": "snapshot_id=1 string, secrets=2 map",
    "ListSnapshotsRequest": (
        "max_entries=1 int32, starting_token=2 string, source_volume_id=3 string, snapshot_id=4 string, secrets=5 map"
    ),
    "ListSnapshotsResponse": "entries=1 SnapshotEntry*, next_token=2 string",
    "SnapshotEntry": "snapshot=1 Snapshot",
    "GetCapacityRequest": "volume_capabilities=1 VolumeCapability*, parameters=2 map, accessible_topology=3 Topology",
    "GetCapacityResponse": (
        "available_capacity=1 int64, maximum_volume_size=2 Int64Value, minimum_volume_size=3 Int64Value"
    ),
    "ControllerModifyVolumeRequest": "volume_id=1 string, secrets=2 map, mutable_parameters=3 map",
    "CreateVolumeGroupSnapshotRequest": "name=1 string, source_volume_ids=2 string*, secrets=3 map, parameters=4 map",
    "CreateVolumeGroupSnapshotResponse": "group_snapshot=1 VolumeGroupSnapshot",
    "VolumeGroupSnapshot": (
        "group_snapshot_id=1 string, snapshots=2 Snapshot*, creation_time=3 Timestamp, ready_to_use=4 bool"
    ),
    "DeleteVolumeGroupSnapshotRequest": "group_snapshot_id=1 string, snapshot_ids=2 string*, secrets=3 map",
    "PluginInfo": "type=1 string, name=2 string, endpoint=3 string, supported_versions=4 string*",
    "RegistrationStatus": "plugin_registered=1 bool, error=2 string",
}
METHODS = {  # path -> (request, answer)
    "/csi.v1.Identity/GetPluginInfo": ("Empty", "GetPluginInfoResponse"),
    "/csi.v1.Identity/Probe": ("Empty", "ProbeResponse"),
    "/csi.v1.Controller/CreateVolume": ("CreateVolumeRequest", "CreateVolumeResponse"),
    "/csi.v1.Controller/DeleteVolume": ("DeleteVolumeRequest", "Empty"),
    "/csi.v1.Controller/ControllerPublishVolume": ("ControllerPublishVolumeRequest", "ControllerPublishVolumeResponse"),
    "/csi.v1.Controller/ControllerUnpublishVolume": ("ControllerUnpublishVolumeRequest", "Empty"),
    "/csi.v1.Controller/ControllerGetCapabilities": ("Empty", "CapabilitiesResponse"),
    "/csi.v1.Controller/ControllerExpandVolume": ("ControllerExpandVolumeRequest", "ControllerExpandVolumeResponse"),
    "/csi.v1.Identity/GetPluginCapabilities": ("Empty", "PluginCapabilitiesResponse"),
    "/csi.v1.Controller/CreateSnapshot": ("CreateSnapshotRequest", "CreateSnapshotResponse"),
    "/csi.v1.Controller/DeleteSnapshot": ("DeleteSnapshotRequest", "Empty"),
    "/csi.v1.Controller/ListSnapshots": ("ListSnapshotsRequest", "ListSnapshotsResponse"),
    "/csi.v1.Controller/GetCapacity": ("GetCapacityRequest", "GetCapacityResponse"),
    "/csi.v1.Controller/ControllerModifyVolume": ("ControllerModifyVolumeRequest", "Empty"),
    "/csi.v1.GroupController/CreateVolumeGroupSnapshot": (
        "CreateVolumeGroupSnapshotRequest",
        "CreateVolumeGroupSnapshotResponse",
    ),
    "/csi.v1.GroupController/DeleteVolumeGroupSnapshot": ("DeleteVolumeGroupSnapshotRequest", "Empty"),
    "/csi.v1.Node/NodeGetCapabilities": ("Empty", "CapabilitiesResponse"),
    "/csi.v1.Node/NodeGetInfo": ("Empty", "NodeGetInfoResponse"),
    "/csi.v1.Node/NodeStageVolume": ("NodeStageVolumeRequest", "Empty"),
    "/csi.v1.Node/NodeUnstageVolume": ("NodeUnstageVolumeRequest", "Empty"),
    "/csi.v1.Node/NodePublishVolume": ("NodePublishVolumeRequest", "Empty"),
    "/csi.v1.Node/NodeUnpublishVolume": ("NodeUnpublishVolumeRequest", "Empty"),
    "/csi.v1.Node/NodeExpandVolume": ("NodeExpandVolumeRequest", "NodeExpandVolumeResponse"),
    "/csi.v1.Node/NodeGetVolumeStats": ("NodeGetVolumeStatsRequest", "NodeGetVolumeStatsResponse"),
    "/pluginregistration.Registration/GetInfo": ("Empty", "PluginInfo"),
    "/pluginregistration.Registration/NotifyRegistrationStatus": ("RegistrationStatus", "Empty"),
}
ACCESS_MODES = {  # what the API's access modes are on the wire
    "ReadWriteOnce": 1,
    "ReadOnlyMany": 3,
    "ReadWriteMany": 5,
    "ReadWriteOncePod": 6,
}
STAGES, TELLS, EXPANDS, TELLS_CONDITION, MOUNT_GROUP = 1, 2, 3, 4, 6  # capabilities of a driver's node side
MAKES, ATTACHES, HAS_CAPACITY, SNAPS, LISTS_SNAPS, GROWS, MODIFIES = 1, 2, 4, 5, 6, 9, 14  # of the controller's side
BYTES, INODES = 1, 2  # units of figures
MESSAGES = Messages("csi", CSI, METHODS)
message, parser = MESSAGES.make, MESSAGES.parser
