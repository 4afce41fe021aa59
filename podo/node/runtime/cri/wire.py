"""The messages of CRI (runtime.v1), as far as a node needs them. Numbers and types: k8s.io/cri-api."""

from podo.rpc.messages import Messages

_SANDBOXES = {
    "PodSandboxMetadata": "name=1 string, uid=2 string, namespace=3 string, attempt=4 uint32",
    "DNSConfig": "servers=1 string*, searches=2 string*, options=3 string*",
    "PortMapping": "protocol=1 int32, container_port=2 int32, host_port=3 int32, host_ip=4 string",
    "IDMapping": "host_id=1 uint32, container_id=2 uint32, length=3 uint32",
    "UserNamespace": "mode=1 int32, uids=2 IDMapping*, gids=3 IDMapping*",
    "NamespaceOption": "network=1 int32, pid=2 int32, ipc=3 int32, target_id=4 string, userns_options=5 UserNamespace",
    "Int64Value": "value=1 int64",
    "SecurityProfile": "profile_type=1 int32, localhost_ref=2 string",
    "LinuxSandboxSecurityContext": "namespace_options=1 NamespaceOption, privileged=6 bool, seccomp=9 SecurityProfile",
    "LinuxPodSandboxConfig": "cgroup_parent=1 string, security_context=2 LinuxSandboxSecurityContext, sysctls=3 map",
    "PodSandboxConfig": "metadata=1 PodSandboxMetadata, hostname=2 string, log_directory=3 string, "
    "dns_config=4 DNSConfig, port_mappings=5 PortMapping*, labels=6 map, annotations=7 map, "
    "linux=8 LinuxPodSandboxConfig",
    "RunPodSandboxRequest": "config=1 PodSandboxConfig, runtime_handler=2 string",
    "RunPodSandboxResponse": "pod_sandbox_id=1 string",
    "SandboxRequest": "pod_sandbox_id=1 string, verbose=2 bool",
    "PodIP": "ip=1 string",
    "PodSandboxNetworkStatus": "ip=1 string, additional_ips=2 PodIP*",
    "Namespace": "options=2 NamespaceOption",
    "LinuxPodSandboxStatus": "namespaces=1 Namespace",
    "PodSandboxStatus": "id=1 string, metadata=2 PodSandboxMetadata, state=3 int32, created_at=4 int64, "
    "network=5 PodSandboxNetworkStatus, linux=6 LinuxPodSandboxStatus, labels=7 map, annotations=8 map, "
    "runtime_handler=9 string",
    "PodSandboxStatusResponse": "status=1 PodSandboxStatus, info=2 map",
    "PodSandboxFilter": "id=1 string, label_selector=3 map",
    "ListPodSandboxRequest": "filter=1 PodSandboxFilter",
    "PodSandbox": "id=1 string, metadata=2 PodSandboxMetadata, state=3 int32, created_at=4 int64, labels=5 map, "
    "annotations=6 map, runtime_handler=7 string",
    "ListPodSandboxResponse": "items=1 PodSandbox*",
}
_CONTAINERS = {
    "KeyValue": "key=1 string, value=2 bytes",
    "Mount": "container_path=1 string, host_path=2 string, readonly=3 bool, propagation=5 int32, "
    "uidMappings=6 IDMapping*, gidMappings=7 IDMapping*, recursive_read_only=8 bool",
    "Device": "container_path=1 string, host_path=2 string, permissions=3 string",
    "CDIDevice": "name=1 string",
    "HugepageLimit": "page_size=1 string, limit=2 uint64",
    "LinuxContainerResources": "cpu_period=1 int64, cpu_quota=2 int64, cpu_shares=3 int64, "
    "memory_limit_in_bytes=4 int64, oom_score_adj=5 int64, cpuset_cpus=6 string, cpuset_mems=7 string, "
    "hugepage_limits=8 HugepageLimit*, unified=9 map, memory_swap_limit_in_bytes=10 int64",
    "Capability": "add_capabilities=1 string*, drop_capabilities=2 string*",
    "LinuxContainerSecurityContext": "capabilities=1 Capability, privileged=2 bool, "
    "namespace_options=3 NamespaceOption, run_as_user=5 Int64Value, run_as_username=6 string, readonly_rootfs=7 bool, "
    "supplemental_groups=8 int64*, no_new_privs=11 bool, run_as_group=12 Int64Value, masked_paths=13 string*, "
    "readonly_paths=14 string*, seccomp=15 SecurityProfile, apparmor=16 SecurityProfile, "
    "supplemental_groups_policy=17 int32",
    "LinuxContainerConfig": "resources=1 LinuxContainerResources, security_context=2 LinuxContainerSecurityContext",
    "ContainerMetadata": "name=1 string, attempt=2 uint32",
    "ContainerConfig": "metadata=1 ContainerMetadata, image=2 ImageSpec, command=3 string*, args=4 string*, "
    "working_dir=5 string, envs=6 KeyValue*, mounts=7 Mount*, devices=8 Device*, labels=9 map, annotations=10 map, "
    "log_path=11 string, stdin=12 bool, stdin_once=13 bool, tty=14 bool, linux=15 LinuxContainerConfig, "
    "CDI_devices=17 CDIDevice*, stop_signal=18 int32",
    "CreateContainerRequest": "pod_sandbox_id=1 string, config=2 ContainerConfig, sandbox_config=3 PodSandboxConfig",
    "CreateContainerResponse": "container_id=1 string",
    "ContainerRequest": "container_id=1 string, verbose=2 bool",
    "StopContainerRequest": "container_id=1 string, timeout=2 int64",
    "ContainerFilter": "id=1 string, pod_sandbox_id=3 string, label_selector=4 map",
    "ListContainersRequest": "filter=1 ContainerFilter",
    "Container": "id=1 string, pod_sandbox_id=2 string, metadata=3 ContainerMetadata, state=6 int32, "
    "created_at=7 int64, labels=8 map, annotations=9 map",
    "ListContainersResponse": "containers=1 Container*",
    "LinuxContainerUser": "uid=1 int64, gid=2 int64, supplemental_groups=3 int64*",
    "ContainerUser": "linux=1 LinuxContainerUser",
    "ContainerStatus": "id=1 string, metadata=2 ContainerMetadata, state=3 int32, created_at=4 int64, "
    "started_at=5 int64, finished_at=6 int64, exit_code=7 int32, image=8 ImageSpec, image_ref=9 string, "
    "reason=10 string, message=11 string, labels=12 map, annotations=13 map, log_path=15 string, "
    "image_id=17 string, user=18 ContainerUser",
    "ContainerStatusResponse": "status=1 ContainerStatus, info=2 map",
    "UpdateContainerResourcesRequest": "container_id=1 string, linux=2 LinuxContainerResources",
    "ContainerEventResponse": "container_id=1 string, container_event_type=2 int32, created_at=3 int64",
}
_STREAMS = {
    "ExecSyncRequest": "container_id=1 string, cmd=2 string*, timeout=3 int64",
    "ExecSyncResponse": "stdout=1 bytes, stderr=2 bytes, exit_code=3 int32",
    "ExecRequest": "container_id=1 string, cmd=2 string*, tty=3 bool, stdin=4 bool, stdout=5 bool, stderr=6 bool",
    "AttachRequest": "container_id=1 string, stdin=2 bool, tty=3 bool, stdout=4 bool, stderr=5 bool",
    "PortForwardRequest": "pod_sandbox_id=1 string, port=2 int32*",
    "URLResponse": "url=1 string",
}
_IMAGES = {
    "ImageSpec": "image=1 string, annotations=2 map, user_specified_image=18 string, runtime_handler=19 string",
    "ImageFilter": "image=1 ImageSpec",
    "ListImagesRequest": "filter=1 ImageFilter",
    "Image": "id=1 string, repo_tags=2 string*, repo_digests=3 string*, size=4 uint64, uid=5 Int64Value, "
    "username=6 string, spec=7 ImageSpec, pinned=8 bool",
    "ListImagesResponse": "images=1 Image*",
    "ImageRequest": "image=1 ImageSpec, verbose=2 bool",
    "ImageStatusResponse": "image=1 Image, info=2 map",
    "AuthConfig": "username=1 string, password=2 string, identity_token=5 string, registry_token=6 string",
    "PullImageRequest": "image=1 ImageSpec, auth=2 AuthConfig",
    "PullImageResponse": "image_ref=1 string",
}
_FIGURES = {
    "UInt64Value": "value=1 uint64",
    "FilesystemIdentifier": "mountpoint=1 string",
    "FilesystemUsage": "timestamp=1 int64, fs_id=2 FilesystemIdentifier, used_bytes=3 UInt64Value, "
    "inodes_used=4 UInt64Value",
    "ImageFsInfoResponse": "image_filesystems=1 FilesystemUsage*",
    "ContainerAttributes": "id=1 string, metadata=2 ContainerMetadata",
    "CpuUsage": "timestamp=1 int64, usage_core_nano_seconds=2 UInt64Value",
    "MemoryUsage": "timestamp=1 int64, working_set_bytes=2 UInt64Value, usage_bytes=4 UInt64Value, "
    "rss_bytes=5 UInt64Value, page_faults=6 UInt64Value, major_page_faults=7 UInt64Value",
    "ContainerStats": "attributes=1 ContainerAttributes, cpu=2 CpuUsage, memory=3 MemoryUsage, "
    "writable_layer=4 FilesystemUsage",
    "ContainerStatsFilter": "label_selector=3 map",
    "ListContainerStatsRequest": "filter=1 ContainerStatsFilter",
    "ListContainerStatsResponse": "stats=1 ContainerStats*",
}
_STATUS = {
    "Nothing": "",
    "VersionRequest": "version=1 string",
    "VersionResponse": "version=1 string, runtime_name=2 string, runtime_version=3 string",
    "RuntimeCondition": "type=1 string, status=2 bool, reason=3 string, message=4 string",
    "RuntimeStatus": "conditions=1 RuntimeCondition*",
    "StatusRequest": "verbose=1 bool",
    "RuntimeHandlerFeatures": "recursive_read_only_mounts=1 bool, user_namespaces=2 bool",
    "RuntimeHandler": "name=1 string, features=2 RuntimeHandlerFeatures",
    "StatusResponse": "status=1 RuntimeStatus, info=2 map, runtime_handlers=3 RuntimeHandler*",
    "LinuxRuntimeConfiguration": "cgroup_driver=1 int32",
    "RuntimeConfigResponse": "linux=1 LinuxRuntimeConfiguration",
}
RUNTIME, IMAGE = "/runtime.v1.RuntimeService/", "/runtime.v1.ImageService/"
_RUNTIME_METHODS = {
    "Version": ("VersionRequest", "VersionResponse"),
    "Status": ("StatusRequest", "StatusResponse"),
    "RuntimeConfig": ("Nothing", "RuntimeConfigResponse"),
    "RunPodSandbox": ("RunPodSandboxRequest", "RunPodSandboxResponse"),
    "StopPodSandbox": ("SandboxRequest", "Nothing"),
    "RemovePodSandbox": ("SandboxRequest", "Nothing"),
    "PodSandboxStatus": ("SandboxRequest", "PodSandboxStatusResponse"),
    "ListPodSandbox": ("ListPodSandboxRequest", "ListPodSandboxResponse"),
    "CreateContainer": ("CreateContainerRequest", "CreateContainerResponse"),
    "StartContainer": ("ContainerRequest", "Nothing"),
    "StopContainer": ("StopContainerRequest", "Nothing"),
    "RemoveContainer": ("ContainerRequest", "Nothing"),
    "ListContainers": ("ListContainersRequest", "ListContainersResponse"),
    "ContainerStatus": ("ContainerRequest", "ContainerStatusResponse"),
    "UpdateContainerResources": ("UpdateContainerResourcesRequest", "Nothing"),
    "ReopenContainerLog": ("ContainerRequest", "Nothing"),
    "ExecSync": ("ExecSyncRequest", "ExecSyncResponse"),
    "Exec": ("ExecRequest", "URLResponse"),
    "Attach": ("AttachRequest", "URLResponse"),
    "PortForward": ("PortForwardRequest", "URLResponse"),
    "ListContainerStats": ("ListContainerStatsRequest", "ListContainerStatsResponse"),
    "GetContainerEvents": ("Nothing", "ContainerEventResponse"),
}
_IMAGE_METHODS = {
    "ListImages": ("ListImagesRequest", "ListImagesResponse"),
    "ImageStatus": ("ImageRequest", "ImageStatusResponse"),
    "PullImage": ("PullImageRequest", "PullImageResponse"),
    "RemoveImage": ("ImageRequest", "Nothing"),
    "ImageFsInfo": ("Nothing", "ImageFsInfoResponse"),
}
MESSAGES = Messages(
    "cri",
    _SANDBOXES | _CONTAINERS | _STREAMS | _IMAGES | _FIGURES | _STATUS,
    {RUNTIME + name: kinds for name, kinds in _RUNTIME_METHODS.items()}
    | {IMAGE + name: kinds for name, kinds in _IMAGE_METHODS.items()},
)
NAMESPACES = ("POD", "CONTAINER", "NODE", "TARGET")
_NAMED = (
    "RUNTIME_DEFAULT SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL "
    "SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU "
    "SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN"
)
_REAL_TIME = [f"SIGRTMIN+{n}" for n in range(1, 16)] + [f"SIGRTMAX-{n}" for n in range(14, 0, -1)] + ["SIGRTMAX"]
SIGNALS = (*_NAMED.split(" "), *_REAL_TIME)  # their numbers in CRI are their places
