import pytest

from podo.scheduler.settings import SettingsError, arguments_of, read

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def profile(**fields):
    return HEAD | {"profiles": [fields]}


def test_an_empty_file_is_the_default_profile():
    (only,) = read(HEAD).profiles
    assert only.scheduler_name == "default-scheduler"
    assert arguments_of(only).fit.scoring_strategy.type == "LeastAllocated"


def test_how_a_scheduler_is_run_elsewhere_means_nothing_here():
    given = HEAD | {"leaderElection": {"leaderElect": False}, "parallelism": 16, "percentageOfNodesToScore": 50}
    assert read(given | {"clientConnection": {"kubeconfig": "/x"}}).parallelism == 16


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"kind": "Other"}, "it is kubescheduler.config.k8s.io/v1 Other"),
        ({"apiVersion": "kubescheduler.config.k8s.io/v1beta3"}, "v1beta3 KubeSchedulerConfiguration"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"profiles": []}, "profiles: there is none"),
        ({"profiles": [{}, {}]}, "schedulerName default-scheduler is there twice"),
        ({"extenders": [{"urlPrefix": "http://x"}]}, "extenders: podo's scheduler asks none"),
        ({"profiles": [{"plugins": {"score": {"enabled": [{"name": "Mine"}]}}}]}, "there is no plug-in Mine"),
        ({"profiles": [{"plugins": {"score": {"enabled": [{"name": "*"}]}}}]}, r"there is no plug-in \*"),
        ({"profiles": [{"plugins": {"bind": {"disabled": [{"name": "DefaultBinder"}]}}}]}, "cannot be left out"),
        (
            {"profiles": [{"plugins": {"score": {"enabled": [{"name": "ImageLocality", "weight": 101}]}}}]},
            "weights are 0 to 100",
        ),
        ({"profiles": [{"pluginConfig": [{"name": "Mine"}]}]}, "pluginConfig: there is no plug-in Mine"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, why):
    with pytest.raises(SettingsError, match=why):
        read(HEAD | given)


@pytest.mark.parametrize(
    ("plugin", "args", "why"),
    [
        ("NodeResourcesFit", {"scoringStrategy": {"type": "Best"}}, "type Best is none of"),
        ("NodeResourcesFit", {"scoringStrategy": {"type": "RequestedToCapacityRatio"}}, "the shape needs rising"),
        ("PodTopologySpread", {"defaultingType": "None"}, "neither System nor List"),
        ("PodTopologySpread", {"defaultConstraints": [{"topologyKey": "zone"}]}, "they are for defaultingType List"),
        ("InterPodAffinity", {"hardPodAffinityWeight": 101}, "it is 0 to 100"),
        ("NodeAffinity", {"addedAffinity": {"colour": 1}, "x": 1}, "pluginConfig NodeAffinity"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(plugin, args, why):
    with pytest.raises(SettingsError, match=why):
        read(profile(pluginConfig=[{"name": plugin, "args": args}]))
