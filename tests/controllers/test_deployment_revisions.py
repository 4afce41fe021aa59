import re

import msgspec
import pytest

from podo.api.types.apps_v1 import ReplicaSetStatus
from podo.controllers import deployment_revisions as revisions
from podo.controllers.deployment_revisions import HISTORY, REVISION
from tests.build import deployment, replica_set, template


def numbered(
    name: str, revision: str, size: int = 0, *, image: str = "app:v1", made: str = "2026-01-01T00:00:00Z", **notes
):
    rs = replica_set(name, size, template=template(image=image))
    annotations = {REVISION: revision, **notes} if revision else notes
    meta = msgspec.structs.replace(rs.metadata, annotations=annotations, creation_timestamp=made, uid=name)
    return msgspec.structs.replace(rs, metadata=meta, status=ReplicaSetStatus(observed_generation=1))


def test_the_new_set_is_the_oldest_of_the_same_template():
    old = numbered("z", "1", made="2026-01-01T00:00:00Z")
    newer = numbered("a", "2", made="2026-01-02T00:00:00Z")
    other = numbered("o", "3", image="app:v2")
    found = revisions.divide(deployment(), [newer, other, old])
    assert found.new is old
    assert found.old == (other, newer)


def test_the_hash_label_does_not_make_templates_differ():
    made = revisions.make_replica_set(deployment(), ())
    assert revisions.divide(deployment(), [made]).new is made


def test_a_template_hash_is_of_letters_that_spell_nothing_and_depends_on_collisions():
    first, second = (revisions.template_hash(template(), n) for n in (0, 1))
    assert first != second
    assert re.fullmatch(f"[{revisions.HASH_LETTERS}]{{1,10}}", first)
    assert first == revisions.template_hash(template(), 0)


def test_a_long_name_is_cut_to_leave_room_for_the_hash():
    made = revisions.make_replica_set(deployment("d" * 253), ())
    assert len(made.metadata.name) == 253


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        pytest.param({}, 2, {REVISION: "2"}, id="its first"),
        pytest.param({REVISION: "1"}, 3, {REVISION: "3", HISTORY: "1"}, id="back again"),
        pytest.param({REVISION: "3", HISTORY: "1"}, 5, {REVISION: "5", HISTORY: "1,3"}, id="and again"),
        pytest.param({REVISION: "5"}, 3, {REVISION: "5"}, id="never back"),
        pytest.param({REVISION: "x"}, 3, {REVISION: "x"}, id="what is no number stays"),
    ],
)
def test_the_revision_on_the_new_set(before, number, after):
    rs = numbered("n", "", **before)
    assert revisions.inscribed(rs, deployment(), number).metadata.annotations == after


def test_a_set_that_is_inscribed_already_is_the_same_object():
    rs = numbered("n", "2")
    assert revisions.inscribed(rs, deployment(), 2) is rs


def test_a_history_too_long_forgets_its_begin():
    history = ",".join(str(n) for n in range(1000, 1400))
    grown = revisions.inscribed(numbered("n", "1400", **{HISTORY: history}), deployment(), 1401)
    text = grown.metadata.annotations[HISTORY]
    assert len(text) <= 2000
    assert text.endswith(",1400")
    assert text.startswith("1001,")


def test_the_last_but_one_revision():
    sets = [numbered("a", "3"), numbered("b", "1"), numbered("c", "7")]
    assert revisions.last_revision(sets) == 3
    assert revisions.last_revision(sets[:1]) == 0
    assert revisions.next_revision(sets) == 8


def test_surplus_history_spares_sets_in_use_and_unseen_changes():
    unseen = msgspec.structs.replace(numbered("u", "2"), status=ReplicaSetStatus(observed_generation=None))
    unseen = msgspec.structs.replace(unseen, metadata=msgspec.structs.replace(unseen.metadata, generation=1))
    old = [numbered("a", "1"), unseen, numbered("c", "3", size=1), numbered("d", "4")]
    found = revisions.surplus_history(deployment(revision_history_limit=0), old)
    assert [rs.metadata.name for rs in found] == ["a", "d"]
    assert revisions.surplus_history(deployment(revision_history_limit=4), old) == []
    assert revisions.surplus_history(deployment(revision_history_limit=None), old) == []


def test_a_rollback_takes_template_and_annotations_but_not_the_bookkeeping():
    d = deployment(image="app:v2")
    now = {"cause": "second", REVISION: "2"}
    d = msgspec.structs.replace(d, metadata=msgspec.structs.replace(d.metadata, annotations=now))
    back = revisions.rolled_back(d, numbered("a", "1", cause="first"))
    assert back.metadata.annotations == {"cause": "first", REVISION: "2"}
    assert back.spec.template == template()
