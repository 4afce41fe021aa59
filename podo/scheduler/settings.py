"""What a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) says: decoded and checked, nothing loaded.

Fields that concern how kube-scheduler is run (leader election, its own client, profiling, how many nodes are looked
at) are accepted and mean nothing here: podo's scheduler looks at all nodes. Extenders are refused.
"""

from typing import Any, cast

import msgspec

from podo.api.types.core_v1 import NodeAffinity, TopologySpreadConstraint

API_VERSION, KIND, DEFAULT_NAME = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration", "default-scheduler"
ALWAYS = frozenset({"PrioritySort", "DefaultBinder", "SchedulingGates"})
"""Plug-ins that are what podo's scheduler is: they cannot be left out."""
KNOWN = ALWAYS | {
    *("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit"),
    *("VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread"),
    *("InterPodAffinity", "DynamicResources", "DefaultPreemption", "NodeResourcesBalancedAllocation", "ImageLocality"),
}
EVERY = "*"


class SettingsError(ValueError):
    """The configuration cannot be used; the message says why."""


class _Given(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A part of the file."""


class Plugin(_Given, frozen=True):
    """A plug-in by name; `weight` 0 is 1."""

    name: str
    weight: int = 0


class PluginSet(_Given, frozen=True):
    """What an extension point has beside what it has by default, and without."""

    enabled: tuple[Plugin, ...] = ()
    disabled: tuple[Plugin, ...] = ()


NONE = PluginSet()


class Plugins(_Given, frozen=True):
    """The extension points. `multi_point` is all of them; what a point says itself comes after it."""

    multi_point: PluginSet = NONE
    pre_enqueue: PluginSet = NONE
    queue_sort: PluginSet = NONE
    pre_filter: PluginSet = NONE
    filter: PluginSet = NONE
    post_filter: PluginSet = NONE
    pre_score: PluginSet = NONE
    score: PluginSet = NONE
    reserve: PluginSet = NONE
    permit: PluginSet = NONE
    pre_bind: PluginSet = NONE
    bind: PluginSet = NONE
    post_bind: PluginSet = NONE
    placement_generate: PluginSet = NONE
    placement_score: PluginSet = NONE


class PluginConfig(_Given, frozen=True):
    """The arguments of a plug-in."""

    name: str
    args: dict[str, Any] = {}


class ProfileSettings(_Given, frozen=True):
    """Whom a profile serves, and how."""

    scheduler_name: str = DEFAULT_NAME
    percentage_of_nodes_to_score: int | None = None
    plugins: Plugins = Plugins()
    plugin_config: tuple[PluginConfig, ...] = ()

    def arguments(self, plugin: str) -> dict[str, Any]:
        """What the file tells a plug-in."""
        found = next((c.args for c in self.plugin_config if c.name == plugin), {})
        return {key: value for key, value in found.items() if key not in ("apiVersion", "kind")}


class SchedulerSettings(_Given, frozen=True):
    """The whole file."""

    api_version: str = API_VERSION
    kind: str = KIND
    profiles: tuple[ProfileSettings, ...] = (ProfileSettings(),)
    extenders: tuple[dict[str, Any], ...] = ()
    pod_initial_backoff_seconds: float = 1.0
    pod_max_backoff_seconds: float = 10.0
    parallelism: int | None = None
    leader_election: dict[str, Any] = {}
    client_connection: dict[str, Any] = {}
    enable_profiling: bool | None = None
    enable_contention_profiling: bool | None = None
    percentage_of_nodes_to_score: int | None = None
    delay_cache_until_active: bool = False


class _Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What a plug-in is told."""


class NodeAffinityArgs(_Arguments, frozen=True):
    """`added_affinity` holds for every Pod, beside its own."""

    added_affinity: NodeAffinity | None = None


class PodTopologySpreadArgs(_Arguments, frozen=True):
    """`default_constraints` are those of Pods that have none, where `defaulting_type` is List."""

    default_constraints: tuple[TopologySpreadConstraint, ...] = ()
    defaulting_type: str = "System"


class InterPodAffinityArgs(_Arguments, frozen=True):
    """`hard_pod_affinity_weight` is how much a Pod is liked by those that require it near them."""

    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False


class ResourceWeight(_Arguments, frozen=True):
    """A resource, and how much it counts."""

    name: str
    weight: int = 1


class ShapePoint(_Arguments, frozen=True):
    """At a `utilization` in percent a node has a `score` of 0 to 10."""

    utilization: int
    score: int


class Ratio(_Arguments, frozen=True):
    """The shape of scores; between its points they lie on a line."""

    shape: tuple[ShapePoint, ...] = ()


DEFAULT_RESOURCES = (ResourceWeight(name="cpu"), ResourceWeight(name="memory"))


class ScoringStrategy(_Arguments, frozen=True):
    """How full nodes should be."""

    type: str = "LeastAllocated"
    resources: tuple[ResourceWeight, ...] = DEFAULT_RESOURCES
    requested_to_capacity_ratio: Ratio | None = None


class NodeResourcesFitArgs(_Arguments, frozen=True):
    """What is not looked at when a Pod must fit, and what kind of node it prefers."""

    ignored_resources: frozenset[str] = frozenset()
    ignored_resource_groups: frozenset[str] = frozenset()
    scoring_strategy: ScoringStrategy = ScoringStrategy()


class BalancedAllocationArgs(_Arguments, frozen=True):
    """The resources that should be used alike."""

    resources: tuple[ResourceWeight, ...] = DEFAULT_RESOURCES


class VolumeBindingArgs(_Arguments, frozen=True):
    """Accepted; podo waits for volumes as kube-scheduler does by default."""

    bind_timeout_seconds: int | None = None
    shape: tuple[ShapePoint, ...] = ()


class Ignored(_Arguments, frozen=True, forbid_unknown_fields=False):
    """Arguments of plug-ins that podo has nothing to tell."""


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of all plug-ins of a profile."""

    affinity: NodeAffinityArgs
    spread: PodTopologySpreadArgs
    pods: InterPodAffinityArgs
    fit: NodeResourcesFitArgs
    balance: BalancedAllocationArgs
    volumes: VolumeBindingArgs


ARGUMENTS: dict[str, tuple[str, type[_Arguments]]] = {
    "NodeAffinity": ("affinity", NodeAffinityArgs),
    "PodTopologySpread": ("spread", PodTopologySpreadArgs),
    "InterPodAffinity": ("pods", InterPodAffinityArgs),
    "NodeResourcesFit": ("fit", NodeResourcesFitArgs),
    "NodeResourcesBalancedAllocation": ("balance", BalancedAllocationArgs),
    "VolumeBinding": ("volumes", VolumeBindingArgs),
}
STRATEGIES = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")


def read(given: Any) -> SchedulerSettings:
    """The settings, from plain values. Raises SettingsError."""
    try:
        found = msgspec.convert(given or {}, SchedulerSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from error
    if (found.api_version, found.kind) != (API_VERSION, KIND):
        raise SettingsError(f"it is {found.api_version} {found.kind}, and must be {API_VERSION} {KIND}")
    if found.extenders:
        raise SettingsError("extenders: podo's scheduler asks none")
    if not found.profiles:
        raise SettingsError("profiles: there is none")
    names = [profile.scheduler_name for profile in found.profiles]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"profiles: schedulerName {doubled[0]} is there twice")
    for profile in found.profiles:
        _check(profile)
        arguments_of(profile)
    return found


def arguments_of(profile: ProfileSettings) -> Arguments:
    """What the plug-ins of a profile are told. Raises SettingsError."""
    found: dict[str, Any] = {}
    for plugin, (place, kind) in ARGUMENTS.items():
        try:
            found[place] = msgspec.convert(profile.arguments(plugin), kind)
        except msgspec.ValidationError as error:
            raise SettingsError(f"pluginConfig {plugin}: {error}") from error
    arguments = Arguments(**found)
    _check_arguments(arguments)
    return arguments


def _check(profile: ProfileSettings) -> None:
    for point in profile.plugins.__struct_fields__:
        chosen = cast(PluginSet, getattr(profile.plugins, point))
        for plugin in (*chosen.enabled, *chosen.disabled):
            if plugin.name not in KNOWN and not (plugin.name == EVERY and plugin in chosen.disabled):
                raise SettingsError(f"profile {profile.scheduler_name}: there is no plug-in {plugin.name}")
        enabled = {plugin.name for plugin in chosen.enabled}
        for plugin in chosen.disabled:
            if plugin.name in ALWAYS - enabled:
                raise SettingsError(f"profile {profile.scheduler_name}: {plugin.name} cannot be left out")
        if any(not 0 <= plugin.weight <= 100 for plugin in chosen.enabled):
            raise SettingsError(f"profile {profile.scheduler_name}: weights are 0 to 100")
    for config in profile.plugin_config:
        if config.name not in KNOWN:
            raise SettingsError(f"pluginConfig: there is no plug-in {config.name}")


def _check_arguments(arguments: Arguments) -> None:
    strategy, spread = arguments.fit.scoring_strategy, arguments.spread
    if strategy.type not in STRATEGIES:
        raise SettingsError(f"scoringStrategy: type {strategy.type} is none of {', '.join(STRATEGIES)}")
    ratio = strategy.requested_to_capacity_ratio
    if strategy.type == STRATEGIES[2]:
        shape = ratio.shape if ratio else ()
        points = [point.utilization for point in shape]
        if not points or points != sorted(set(points)) or any(not 0 <= point.score <= 10 for point in shape):
            raise SettingsError("requestedToCapacityRatio: the shape needs rising utilizations and scores of 0 to 10")
    if spread.defaulting_type not in ("System", "List"):
        raise SettingsError(f"defaultingType: {spread.defaulting_type} is neither System nor List")
    if spread.default_constraints and spread.defaulting_type != "List":
        raise SettingsError("defaultConstraints: they are for defaultingType List")
    if any(constraint.label_selector for constraint in spread.default_constraints):
        raise SettingsError("defaultConstraints: they have no labelSelector; it is that of the Pod's controller")
    if not 0 <= arguments.pods.hard_pod_affinity_weight <= 100:
        raise SettingsError("hardPodAffinityWeight: it is 0 to 100")
