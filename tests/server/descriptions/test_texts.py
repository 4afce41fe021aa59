"""The texts: there is one for everything, and none for nothing."""

import pytest

from podo.api import schema
from podo.api.resources import built_in
from podo.server.descriptions.texts import FOLDER, STAR, Texts, of_columns, read
from podo.server.metricsapi.objects import RESOURCES
from podo.server.openapi import operations, parameters
from podo.server.openapi.operations import Operation
from podo.server.openapi.schemas import FIXED, V2_FIXED
from podo.server.openapi.wording import Wording
from podo.server.table.tables import SCALE_COLUMNS

MOST_CHARACTERS = 140
FILES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def all_operations():
    groups = {}
    for resource in built_in():
        groups.setdefault((resource.group, resource.version), []).append(resource)
    for (group, version), resources in groups.items():
        yield from operations.paths_of(group, version, resources).items()
        yield from operations.group_paths(group).items()
    for path in ("/api/", "/apis/", "/version/"):
        yield from operations.root_paths(path, "").items()


@pytest.mark.parametrize("package", schema.packages())
def test_every_type_and_field_is_described(package):
    texts = Texts()
    tables = schema.package(package).values()
    assert [table.name for table in tables if not texts.of_type(table.name)] == []
    fields = [(table.name, field) for table in tables for field in table.fields]
    assert [f"{name}.{field}" for name, field in fields if not texts.of_field(name, field)] == []


@pytest.mark.parametrize("package", sorted(set(FILES) & set(schema.packages())))
def test_nothing_is_described_that_is_not_there(package):
    tables = schema.package(package)
    sections = read(package)
    assert sections.keys() - tables.keys() == set()
    fields = {f"{name}.{part}" for name, section in sections.items() for part in section.parts}
    assert fields - {f"{name}.{field}" for name, table in tables.items() for field in table.fields} == set()


@pytest.mark.parametrize("file", FILES)
def test_every_text_is_a_short_sentence(file):
    for name, section in read(file).items():
        for text in [*([section.text] if section.text else []), *section.parts.values()]:
            assert text.endswith("."), f"{name}: {text}"
            assert len(text) <= MOST_CHARACTERS, f"{name}: {text}"
            assert text == text.strip()
        assert section.text or section.parts, f"{name} says nothing"


@pytest.mark.parametrize("file", FILES)
def test_no_name_is_written_twice(file):
    lines = (FOLDER / f"{file}.txt").read_text().splitlines()
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert len(heads) == len(set(heads))
    parts = sum(line.startswith(" ") for line in lines)
    assert parts == sum(len(section.parts) for section in read(file).values())


def test_a_star_stands_for_the_rest_of_a_name():
    texts = Texts()
    assert texts.of_type("apps.v1.DeploymentList") == "A list of objects of kind Deployment, or a page of one."
    assert texts.of_field("apps.v1.DeploymentList", "items") == "List of objects of kind Deployment."


def test_a_text_of_its_own_goes_before_a_shared_one():
    texts = Texts()
    assert texts.of_field("core.v1.PodCondition", "type").startswith("PodScheduled")
    assert texts.of_field("core.v1.PodCondition", "reason") == read("shared")["*Condition"].parts["reason"]


def test_what_nobody_describes_has_no_text():
    texts = Texts()
    assert texts.of_type("nope.v1.Thing") == ""
    assert texts.of_field("core.v1.Pod", "nope") == ""
    assert texts.section("nope", "Thing").parts == {}


def test_every_column_is_described():
    columns = [(resource.kind, column.name) for resource in (*built_in(), *RESOURCES) for column in resource.columns]
    columns += [("Scale", column.name) for column in SCALE_COLUMNS]
    assert [(kind, name) for kind, name in columns if name not in of_columns(kind)] == []


def test_no_column_is_described_that_is_not_there():
    known = {resource.kind: {column.name for column in resource.columns} for resource in (*built_in(), *RESOURCES)}
    known["Scale"] = {column.name for column in SCALE_COLUMNS}
    for kind, section in read("columns").items():
        assert kind == STAR or "." in kind or section.parts.keys() - known[kind] == set()


def test_columns_of_a_kind_that_is_not_built_in_are_those_of_all():
    assert of_columns("Widget") == of_columns("Gadget")
    assert of_columns("Widget")["Age"] == "Time since the object was made."
    assert "Ready" not in of_columns("Widget")


def test_every_operation_is_described():
    wording = Wording()
    found = [(path, operation) for path, item in all_operations() for operation in item.operations]
    assert [(path, o.id) for path, o in found if not wording.operation(path, o)] == []
    texts = [wording.operation(path, operation)["description"] for path, operation in found]
    assert [text for text in texts if "{" in text or "  " in text] == []


def test_every_parameter_and_body_is_described():
    wording = Wording()
    items = [item for _, item in all_operations()]
    shown = [p for item in items for p in (*item.parameters, *(p for o in item.operations for p in o.parameters))]
    assert {parameter.name for parameter in shown if not wording.parameter(parameter)} == set()
    bodies = [operation for item in items for operation in item.operations if operation.body]
    assert {operation.method for operation in bodies if not wording.body(operation)} == set()
    names = {parameter.name for parameter in shown} | {f"body of {operation.method}" for operation in bodies}
    assert read("parameters").keys() == names


def test_an_operation_says_what_it_is_done_to():
    wording = Wording()
    paths = dict(all_operations())

    def said(path, method):
        operation = next(o for o in paths[path].operations if o.method == method)
        return wording.operation(path, operation)["description"]

    pods = "/api/v1/namespaces/{namespace}/pods"
    assert said(f"{pods}/{{name}}", "get") == "Reads the Pod of this name."
    assert said(f"{pods}/{{name}}/log", "get") == "Reads `log` of one of the pods."
    assert said(pods, "get") == "Lists the objects of kind Pod in a namespace, or watches them with `watch=true`."
    assert said("/api/v1/pods", "get").startswith("Lists the objects of kind Pod of all namespaces")


def test_an_operation_of_an_unknown_action_has_no_text():
    operation = Operation(method="get", id="x", action="fly", tag="t")
    assert Wording().operation("/apis/example.com/v1/things", operation) == {}
    assert Wording().parameter(parameters.Parameter("nope", "string")) == {}


def test_every_named_scalar_is_described():
    names = {name.rpartition(".")[2] for name in (*FIXED, *V2_FIXED)}
    assert read("named").keys() == names
    info = next(made for name, made in FIXED.items() if name.endswith("version.Info"))
    assert read("named")["Info"].parts.keys() == set(info["properties"])
