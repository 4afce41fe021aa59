"""Names are for the first who asks; conditions tell."""

from typing import Any

import msgspec

from podo.server.customresources.definition import Names
from podo.server.customresources.naming import named
from tests.server.customresources.build import definition

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def status_of(obj: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    held = [msgspec.convert(one["status"]["acceptedNames"], Names) for one in others]
    found = named(obj, held, NOW)
    assert found is not None
    return found


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in status["conditions"]}


def test_free_names_are_accepted_and_the_kind_is_established() -> None:
    obj = definition()
    status = status_of(obj)
    assert status["acceptedNames"] == obj["spec"]["names"]
    assert [c["type"] for c in status["conditions"]] == ["NamesAccepted", "Established"]
    assert conditions(status)["Established"] == ("True", "InitialNamesAccepted", "the initial names have been accepted")


def test_what_is_so_already_is_not_written_again() -> None:
    obj = definition()
    assert named(obj | {"status": status_of(obj)}, [], LATER) is None


def test_a_kind_that_another_has_is_refused_and_nothing_is_served() -> None:
    first = definition()
    first["status"] = status_of(first)
    second = definition(plural="tees")
    status = status_of(second, first)
    assert conditions(status) == {
        "NamesAccepted": ("False", "ListKindConflict", '"ShirtList" is already in use'),
        "Established": ("False", "NotAccepted", "not all names are accepted"),
    }
    assert status["acceptedNames"] == {"plural": "tees"}


def test_short_names_conflict_with_names_of_others() -> None:
    first = definition()
    first["status"] = status_of(first)
    second = definition(plural="tees", kind="Tee")
    second["spec"]["names"]["shortNames"] = ["shirts", "t", "shirt"]
    found = conditions(status_of(second, first))["NamesAccepted"]
    assert found == ("False", "ShortNamesConflict", '["shirts" is already in use, "shirt" is already in use]')


def test_what_is_established_stays_so_when_a_new_name_is_refused() -> None:
    first, second = definition(), definition(plural="tees", kind="Tee")
    first["status"], second["status"] = status_of(first), status_of(second)
    second["spec"]["names"]["shortNames"] = ["shirts"]
    found = conditions(status_of(second, first))
    assert found["NamesAccepted"][0] == "False"
    assert found["Established"][0] == "True"
