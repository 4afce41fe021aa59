"""Profiles as a configuration file has them: which plug-ins are asked, with which weights and arguments."""

from collections.abc import Mapping

from podo.scheduler.filters.node_affinity import NodeAffinity
from podo.scheduler.filters.node_resources import NodeResources
from podo.scheduler.filters.topology_spread import TopologySpread
from podo.scheduler.plugin import Filter, Score
from podo.scheduler.profile import DEFAULT, Profile
from podo.scheduler.scores import inter_pod_affinity, node_affinity, topology_spread
from podo.scheduler.scores.balanced_allocation import BalancedAllocation
from podo.scheduler.scores.least_allocated import LeastAllocated
from podo.scheduler.scores.utilization import Utilization
from podo.scheduler.settings import (
    DEFAULT_RESOURCES,
    EVERY,
    Arguments,
    PluginSet,
    ProfileSettings,
    SchedulerSettings,
    arguments_of,
)

PREEMPTION = "DefaultPreemption"


def profiles(settings: SchedulerSettings) -> Mapping[str, Profile]:
    """The profiles by the names of the schedulers that Pods name."""
    return {each.scheduler_name: profile(each) for each in settings.profiles}


def profile(settings: ProfileSettings) -> Profile:
    """The profile with what the settings change of the default one."""
    arguments, plugins = arguments_of(settings), settings.plugins
    filters = {each.name: 1.0 for each in DEFAULT.filters}
    scores = {each.name: float(weight) for each, weight in DEFAULT.scores}
    filtering = chosen(filters, plugins.multi_point, plugins.filter)
    scoring = chosen(scores, plugins.multi_point, plugins.score)
    return Profile(
        filters=tuple(_filter(each, arguments) for each in DEFAULT.filters if each.name in filtering),
        scores=tuple(
            (_score(each, arguments), scoring[each.name]) for each, _ in DEFAULT.scores if each.name in scoring
        ),
        preempts=PREEMPTION in chosen({PREEMPTION: 1.0}, plugins.multi_point, plugins.post_filter),
    )


def chosen(usual: Mapping[str, float], everywhere: PluginSet, here: PluginSet) -> dict[str, float]:
    """The plug-ins of an extension point with their weights: the point's own words outweigh those for all points."""
    found = dict(usual)
    for given in (everywhere, here):
        gone = {plugin.name for plugin in given.disabled}
        found = {} if EVERY in gone else {name: weight for name, weight in found.items() if name not in gone}
        found |= {plugin.name: float(plugin.weight or 1) for plugin in given.enabled if plugin.name in usual}
    return found


def _filter(usual: Filter, told: Arguments) -> Filter:
    """The filter with its arguments."""
    if isinstance(usual, NodeAffinity):
        return NodeAffinity(told.affinity.added_affinity)
    if isinstance(usual, NodeResources):
        return NodeResources(told.fit.ignored_resources, told.fit.ignored_resource_groups)
    if isinstance(usual, TopologySpread):
        return TopologySpread(told.spread.default_constraints)
    return usual


def _score(usual: Score, told: Arguments) -> Score:
    """The score with its arguments."""
    if isinstance(usual, node_affinity.NodeAffinity):
        return node_affinity.NodeAffinity(told.affinity.added_affinity)
    if isinstance(usual, topology_spread.TopologySpread):
        listed = told.spread.defaulting_type == "List"
        return topology_spread.TopologySpread(told.spread.default_constraints if listed else None)
    if isinstance(usual, inter_pod_affinity.InterPodAffinity):
        given = told.pods
        return inter_pod_affinity.InterPodAffinity(
            given.hard_pod_affinity_weight, ignores_preferences=given.ignore_preferred_terms_of_existing_pods
        )
    if isinstance(usual, BalancedAllocation):
        return BalancedAllocation(tuple(each.name for each in told.balance.resources))
    strategy = told.fit.scoring_strategy
    if isinstance(usual, LeastAllocated) and (strategy.type, strategy.resources) != (
        "LeastAllocated",
        DEFAULT_RESOURCES,
    ):
        return Utilization(strategy)
    return usual
