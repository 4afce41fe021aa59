"""Turn a folder of recorded requests and answers (`*.jsonl`) into tests/golden/answers/, keeping what podo passes.

`python tools/import_answers.py FOLDER [GROUP…]`: run it when podo has come to answer more of them, or when there are
new recordings. Each line of a recording is a case with `id`, `ns`, `fix`, `steps` and `expect`.
"""

import asyncio
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.golden.cases import FOLDER, Answer, Case, Step, write
from tests.golden.replaying import Mismatch, Replayer
from tests.golden.serving import api

CONDENSING = {
    "names": "names",
    "nomf": "without owners",
    "sortres": "sorted resources",
    "sortrules": "sorted rules",
    "openapi_schemas": "schema fields",
    "openapi_lists": "merge rules",
    "openapi_paths": "paths",
}
UNUSABLE = {"sleep", "rh", "yaml", "t"}
AGE = re.compile(r"^\d+s$")
RACES = {"e/lifecycle/crd"}
"""Cases in which it matters how fast the server is."""


class Unusable(ValueError):
    """A case asks for something that the replayer does not do."""


def step_of(given: dict[str, Any], expected: dict[str, Any]) -> Step:
    """One step. Raises Unusable."""
    if UNUSABLE & given.keys():
        raise Unusable
    step = Step(answer_of(given, expected))
    if "collect" in given:
        step.collect, step.count = given["collect"], given["n"]
        if given.get("post"):
            raise Unusable
        return step
    step.path, step.headers = given["p"], given.get("h", {})
    if "watch" in given:
        step.watch = given["watch"]
        return step
    step.method, step.capture, step.until = given["m"], given.get("cap", {}), given.get("until", {})
    step.media_type = given.get("ct", "application/json")
    step.text, step.body = given.get("raw"), given.get("b", msgspec.UNSET)
    if "big" in given:
        step.body, step.filler = given["big"]["b"], given["big"]["n"]
    step.only = given.get("only")
    for name in filter(None, given.get("post", "").split(",")):
        if name not in CONDENSING:
            raise Unusable
        step.condense.append(CONDENSING[name])
    return step


def answer_of(given: dict[str, Any], expected: dict[str, Any]) -> Answer:
    """What the step is to be answered; `q` asks for the status alone."""
    answer = Answer(expected.get("s", 0), events=without_ages(expected.get("ev")))
    if not given.get("q") and "collect" not in given and "watch" not in given:
        answer.media_type, answer.warnings = expected.get("ct"), expected.get("w", [])
        if not given.get("nobody"):
            answer.body = without_ages(expected.get("b"))
    return answer


def without_ages(value: Any) -> Any:
    """An answer in which ages of some seconds in the cells of Tables may be others."""
    if isinstance(value, list):
        return [without_ages(item) for item in value]
    if not isinstance(value, dict):
        return value
    cells = [AGE.sub("<dur>", cell) if isinstance(cell, str) else cell for cell in value.get("cells") or ()]
    return {key: without_ages(item) for key, item in value.items()} | ({"cells": cells} if cells else {})


def case_of(given: dict[str, Any]) -> Case:
    """One case. Raises Unusable."""
    if given["id"] in RACES or given.get("nsl") or given.get("sa", True) is False:
        raise Unusable
    steps = [step_of(step, expected) for step, expected in zip(given["steps"], given["expect"], strict=True)]
    shared = [step_of(step, {"s": 201 if step["m"] == "POST" else 200}) for step in given.get("fix") or ()]
    return Case(given["id"], steps, given.get("ns", 0), shared)


def read(path: Path) -> tuple[list[Case], int]:
    """(the usable cases of a recording, how many there are)."""
    found, total = [], 0
    for line in path.read_bytes().splitlines():
        total += 1
        try:
            found.append(case_of(msgspec.json.decode(line)))
        except Unusable:
            pass
    return found, total


async def passing(cases: list[Case]) -> list[Case]:
    """Those that podo answers as recorded."""
    found: dict[str, Case] = {}
    with TemporaryDirectory() as folder:
        async with api(Path(folder)) as session:
            replayer, room = Replayer(session), asyncio.Semaphore(8)

            async def replay(case: Case) -> None:
                async with room:
                    try:
                        await replayer.replay(case)
                        found[case.id] = case
                    except Mismatch as error:
                        print(error)

            async with asyncio.TaskGroup() as tasks:
                for case in cases:
                    tasks.create_task(replay(case))
    return [case for case in cases if case.id in found]


def main(folder: Path, groups: list[str]) -> None:
    """Write a file a group."""
    for path in sorted(folder.glob("*.jsonl")):
        if groups and path.stem.partition("-")[0] not in groups:
            continue
        usable, total = read(path)
        kept = asyncio.run(passing(usable))
        write(FOLDER / f"{path.stem.partition('-')[2]}.xz", kept)
        print(f"{path.stem}: {total} recorded, {len(usable)} usable, {len(kept)} pass")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
