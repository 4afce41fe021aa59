"""Podo answers what a Kubernetes API server has answered: what once did so must go on doing so."""

import asyncio
from pathlib import Path

import pytest

from .cases import files, read
from .matching import difference
from .replaying import Mismatch, Replayer
from .serving import api

AT_ONCE = 8
AT_LEAST = 1666
"""How many cases passed when they were last imported."""


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
async def test_recorded_answers_stay_the_same(path: Path, tmp_path: Path) -> None:
    failures: list[str] = []
    async with api(tmp_path) as session:
        replayer, room = Replayer(session), asyncio.Semaphore(AT_ONCE)

        async def replay(case) -> None:
            async with room:
                try:
                    await replayer.replay(case)
                except Mismatch as error:
                    failures.append(str(error))

        async with asyncio.TaskGroup() as tasks:
            for case in read(path):
                tasks.create_task(replay(case))
    assert not failures, "\n".join(failures)


def test_no_case_is_taken_out() -> None:
    assert sum(len(read(path)) for path in files()) >= AT_LEAST


@pytest.mark.parametrize(
    ("want", "got"),
    [
        pytest.param({"a": 1}, {"a": 2}, id="another value"),
        pytest.param({"a": 1}, {}, id="something is missing"),
        pytest.param({}, {"a": 1}, id="something is too much"),
        pytest.param([1, 2], [1], id="a shorter list"),
        pytest.param({"a": True}, {"a": 1}, id="a number for a truth"),
        pytest.param("<uid>", "no uid", id="no uid"),
        pytest.param({"at": "<time>"}, {"at": "2026-01-01T00:00:00.000000Z"}, id="a finer time"),
        pytest.param({"a": None}, {}, id="null for nothing"),
    ],
)
def test_differences_are_found(want, got) -> None:
    assert difference(want, got)


def test_the_order_of_causes_and_owners_does_not_matter() -> None:
    def failure(*causes: tuple[str, str]) -> dict:
        shown = ", ".join(f"{field}: {message}" for field, message in causes)
        listed = [{"field": field, "message": message} for field, message in causes]
        return {"kind": "Status", "status": "Failure", "message": f"bad: [{shown}]", "details": {"causes": listed}}

    assert not difference(failure(("a", "x"), ("b", "y")), failure(("b", "y"), ("a", "x")))
    assert difference(failure(("a", "x"), ("b", "y")), failure(("b", "y"), ("a", "z")))
    owners = [{"manager": "a", "operation": "Apply"}, {"manager": "b", "operation": "Update"}]
    assert not difference({"managedFields": owners}, {"managedFields": owners[::-1]})
