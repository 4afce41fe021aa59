"""Sizes in, sizes out. A ReplicaSet is `size/available`, with `@max` where it was scaled for another size."""

import msgspec
import pytest

from podo.api.types.apps_v1 import Deployment, ReplicaSet, ReplicaSetStatus
from podo.controllers.deployment_revisions import DESIRED, MAXIMUM, Sets, bounds
from podo.controllers.deployment_scaling import is_saturated, is_scaled, new_size, rescale, shrink_old
from tests.build import deployment, replica_set


def a_set(text: str, place: int, d: Deployment) -> ReplicaSet:
    numbers, _, maximum = text.partition("@")
    size, _, available = numbers.partition("/")
    rs = replica_set(f"rs{place}", int(size))
    meta = msgspec.structs.replace(
        rs.metadata,
        uid=f"u{place}",
        creation_timestamp=f"2026-01-0{place + 1}T00:00:00Z",
        annotations={DESIRED: str(d.spec.replicas), MAXIMUM: maximum or str(d.spec.replicas)},
    )
    status = ReplicaSetStatus(replicas=int(size), available_replicas=int(available or size))
    return msgspec.structs.replace(rs, metadata=meta, status=status)


def sets(d: Deployment, new: str, *old: str) -> Sets:
    made = tuple(a_set(text, place, d) for place, text in enumerate(old))
    return Sets(a_set(new, 8, d) if new else None, made)


def sizes(found) -> dict[str, int]:
    return {resize.replica_set.metadata.name: resize.replicas for resize in found}


@pytest.mark.parametrize(
    ("replicas", "surge", "new", "old", "expected"),
    [
        pytest.param(10, 0, "", ["10"], 0, id="no room without surge"),
        pytest.param(10, 2, "", ["10"], 2, id="as much as surge allows"),
        pytest.param(10, 2, "2", ["8"], 4, id="as old ones go"),
        pytest.param(10, 2, "9", [], 10, id="never more than desired"),
        pytest.param(10, 0, "12", [], 10, id="scaled down at once"),
        pytest.param(10, 0, "5", ["20"], 5, id="too many already"),
    ],
)
def test_how_large_the_new_one_may_be(replicas, surge, new, old, expected):
    d = deployment(replicas=replicas, surge=surge, unavailable=1)
    assert new_size(d, sets(d, new, *old)) == expected


@pytest.mark.parametrize(
    ("unavailable", "new", "old", "expected"),
    [
        pytest.param(0, "1/0", ["10"], {}, id="new ones are not available yet"),
        pytest.param(0, "1/1", ["10"], {"rs0": 9}, id="one for one"),
        pytest.param(2, "0", ["10"], {"rs0": 8}, id="as many as may be unavailable"),
        pytest.param(0, "5/5", ["5/5", "3/0"], {"rs1": 0}, id="of old ones the broken go first"),
        pytest.param(2, "5/0", ["8/8"], {}, id="broken new ones count as unavailable"),
        pytest.param(2, "10/10", ["1", "1"], {"rs0": 0, "rs1": 0}, id="the rest goes when the new one is there"),
        pytest.param(2, "10", [], {}, id="nothing old"),
        pytest.param(2, "4/4", ["6/3"], {"rs0": 4}, id="only as many broken ones as the budget allows"),
    ],
)
def test_how_far_the_old_ones_shrink(unavailable, new, old, expected):
    d = deployment(replicas=10, surge=3, unavailable=unavailable)
    assert sizes(shrink_old(d, sets(d, new, *old))) == expected


@pytest.mark.parametrize(
    ("replicas", "surge", "new", "old", "expected"),
    [
        pytest.param(5, 0, "", ["3"], {"rs0": 5}, id="the only one gets all"),
        pytest.param(5, 0, "0", ["0", "0"], {"rs8": 5}, id="none in use: the new one"),
        pytest.param(5, 0, "", ["0", "0"], {"rs1": 5}, id="none in use and none new: the latest"),
        pytest.param(5, 0, "5", [], {}, id="nothing to do"),
        pytest.param(20, 0, "5@10", ["5@10"], {"rs8": 10, "rs0": 10}, id="each keeps its share"),
        pytest.param(7, 0, "5@10", ["5@10"], {"rs8": 4, "rs0": 3}, id="less: the older gives first"),
        pytest.param(11, 0, "5@10", ["5@10"], {"rs8": 6, "rs0": 5}, id="more: the newer gets first"),
        pytest.param(0, 3, "5@13", ["8@13"], {"rs8": 0, "rs0": 0}, id="down to nothing"),
        pytest.param(15, 3, "5@13", ["8@13"], {"rs8": 7, "rs0": 11}, id="with surge"),
        pytest.param(20, 0, "2@10", ["5@10", "3@10"], {"rs8": 4, "rs0": 10, "rs1": 6}, id="three of them"),
    ],
)
def test_sizes_after_the_deployment_was_scaled(replicas, surge, new, old, expected):
    d = deployment(replicas=replicas, surge=surge, unavailable=1)
    assert sizes(rescale(d, sets(d, new, *old))) == expected


def test_a_saturated_new_one_ends_the_old_ones():
    d = deployment(replicas=5)
    both = sets(d, "5", "2")
    assert is_saturated(d, both.new)
    assert sizes(rescale(d, both)) == {"rs0": 0}


def test_scaling_is_told_from_a_rollout_by_what_is_written_on_the_sets():
    d = deployment(replicas=5)
    assert not is_scaled(d, sets(d, "5").all)
    assert is_scaled(deployment(replicas=6), sets(d, "5").all)
    assert not is_scaled(deployment(replicas=6), sets(d, "0").all), "sets without Pods say nothing"


@pytest.mark.parametrize("replicas", [1, 2, 3, 7, 10])
@pytest.mark.parametrize(
    ("surge", "unavailable"), [(0, 1), (1, 0), ("25%", "25%"), ("100%", "100%"), (3, 2), (0, "1%")]
)
def test_a_rollout_gets_to_its_end_and_never_breaks_its_bounds(replicas, surge, unavailable):
    """Pods of a size become available before the next step."""
    d = deployment(replicas=replicas, surge=surge, unavailable=unavailable)
    above, below = bounds(d)
    have = sets(d, "0", str(replicas))
    for _ in range(100):
        assert sum(rs.spec.replicas for rs in have.all) <= replicas + above
        assert sum(rs.status.available_replicas for rs in have.all) >= replicas - below
        wanted = new_size(d, have)
        if wanted == have.new.spec.replicas and not (shrunk := shrink_old(d, have)):
            break
        new = f"{wanted}/{wanted}" if wanted != have.new.spec.replicas else f"{have.new.spec.replicas}"
        old = have.old[0].spec.replicas
        if wanted == have.new.spec.replicas:
            old = shrunk[0].replicas
        have = sets(d, new, str(old))
    assert [rs.spec.replicas for rs in have.all] == [0, replicas]
