"""The parameters of requests."""

import pytest

from podo.api.errors import APIError, BadRequest, Invalid
from podo.server.http.query import (
    check_read_options,
    delete_options,
    flag,
    integer,
    parse_query,
    parse_revision,
    read_options,
    selection_of,
    write_options,
)
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.reading import ListOptions, encode_token
from podo.server.registry.selectable import selectable_of

TOKEN = encode_token(7, "ns/a")
NOT_KNOWN = 'is not a known field selector: only "metadata.name", "metadata.namespace"'


def test_of_repeated_parameters_the_first_counts():
    assert parse_query("a=1&a=2&b=&c=x%20y") == {"a": "1", "b": "", "c": "x y"}


def test_of_repeated_dry_runs_all_count():
    assert write_options(parse_query("dryRun=All&dryRun=All"), "CreateOptions").dry_run
    with pytest.raises(Invalid, match=r'Unsupported value: \["All","Some"\]'):
        write_options(parse_query("dryRun=All&dryRun=Some"), "CreateOptions")
    assert delete_options(parse_query("dryRun=All"), None)[1]


def test_a_token_is_looked_at_before_the_revision_beside_it():
    with pytest.raises(BadRequest, match="illegal base64 data"):
        read_options(parse_query("continue=*&resourceVersion=7")).list_options()


@pytest.mark.parametrize(("text", "set_"), [("1", 1), ("true", 1), ("maybe", 1), ("", 1), ("0", 0), ("False", 0)])
def test_a_flag_is_set_by_anything_but_no(text, set_):
    assert flag({"watch": text}, "watch") == bool(set_)


@pytest.mark.parametrize("text", ["x", "", "1.5", "99999999999999999999"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(BadRequest, match=r"strconv\.ParseInt"):
        integer({"limit": text}, "limit")


def test_a_revision_that_is_no_number_is_no_status_of_ours():
    with pytest.raises(APIError, match='resourceVersion: Invalid value: "abc"') as caught:
        parse_revision("abc")
    assert (caught.value.reason, caught.value.code) == ("", 500)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", ListOptions()),
        ("limit=5", ListOptions(5)),
        ("limit=-1", ListOptions(0)),
        ("resourceVersion=0&limit=5", ListOptions(0, "", 0)),
        ("resourceVersion=7", ListOptions(0, "", 7)),
        ("resourceVersion=7&limit=5", ListOptions(5, "", 7, True)),
        ("resourceVersion=7&resourceVersionMatch=Exact", ListOptions(0, "", 7, True)),
        ("resourceVersion=7&limit=5&resourceVersionMatch=NotOlderThan", ListOptions(5, "", 7)),
        (f"continue={TOKEN}&limit=5", ListOptions(5, TOKEN)),
    ],
)
def test_resource_versions_of_lists(text, options):
    assert read_options(parse_query(text)).list_options() == options


@pytest.mark.parametrize("text", ["continue=abc&resourceVersion=7", "resourceVersion=abc", "resourceVersion=-5"])
def test_resource_versions_that_make_no_sense_are_refused(text):
    with pytest.raises(BadRequest):
        read_options(parse_query(text)).list_options()


@pytest.mark.parametrize(
    ("text", "watch", "complaint"),
    [
        ("resourceVersionMatch=Exact", False, "forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Bogus&resourceVersion=1", False, "Unsupported value"),
        ("resourceVersionMatch=Exact&resourceVersion=0", False, 'forbidden for resourceVersion "0"'),
        ("sendInitialEvents=true", False, "sendInitialEvents is forbidden for list"),
        ("sendInitialEvents=true", True, "requires setting resourceVersionMatch to NotOlderThan"),
        ("resourceVersionMatch=NotOlderThan", True, "forbidden for watch unless sendInitialEvents is provided"),
        ("continue=abc", True, "forbidden when continue is provided"),
    ],
)
def test_options_that_contradict_each_other_are_invalid(text, watch, complaint):
    with pytest.raises(Invalid, match=complaint):
        check_read_options(read_options(parse_query(text)), watch=watch)


@pytest.mark.parametrize(
    ("group", "kind", "field", "complaint"),
    [
        (
            "",
            "ConfigMap",
            "data.k",
            '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("", "Pod", "spec.containers", "field label not supported: spec.containers"),
        ("batch", "Job", "x", 'field label "x" not supported for Job'),
    ],
)
def test_only_some_fields_can_be_selected_by(group, kind, field, complaint):
    options = read_options({"fieldSelector": f"{field}=x"})
    with pytest.raises(BadRequest) as caught:
        selection_of(options, "", selectable_of(group, kind))
    assert str(caught.value) == complaint


def test_fields_of_another_version_are_those_of_what_is_stored():
    options = read_options({"fieldSelector": "regarding.name=p"})
    selection = selection_of(options, "ns", selectable_of("events.k8s.io", "Event"))
    assert selection.field("involvedObject.name") == "p"


def test_an_empty_selector_selects_everything():
    selection = selection_of(read_options({"labelSelector": " ", "fieldSelector": ""}), "ns", selectable_of("", "Pod"))
    assert not selection.narrow


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("dryRun=", 'dryRun: Unsupported value: [""]: supported values: "All"'),
        ("dryRun=Some", 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        ("fieldValidation=Never", "fieldValidation: Unsupported value"),
        ("fieldManager=" + "x" * 129, "fieldManager: Too long"),
    ],
)
def test_options_of_writes_are_checked(text, complaint):
    with pytest.raises(Invalid) as caught:
        write_options(parse_query(text), "CreateOptions")
    assert complaint in str(caught.value)
    assert str(caught.value).startswith('CreateOptions.meta.k8s.io "" is invalid')


def test_a_body_stands_before_the_parameters_of_a_delete():
    query = parse_query("gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All")
    assert delete_options(query, None) == (DeleteOptions(grace_period_seconds=5, propagation="Orphan"), True)
    assert delete_options(query, {"gracePeriodSeconds": 7}) == (DeleteOptions(grace_period_seconds=7), False)
