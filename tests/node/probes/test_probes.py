"""Probes: counting, scheduling by a clock, and true checks against servers on loopback."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from podo.api.types.core_v1 import Probe
from podo.node.events import PodEvents
from podo.node.probes import grpc
from podo.node.probes.checks import Answer, CheckFailed, NodeChecks, Target, port_of
from podo.node.probes.prober import PodProber
from podo.node.probes.tally import Tally
from podo.node.runtime.fake import FakeRuntime
from podo.node.worker.state import ProbeState
from tests.node.build import pod, running, spec_of
from tests.node.fakes import KeptEvents

EXEC = {"exec": {"command": ["true"]}}


@pytest.mark.parametrize(
    ("results", "concluded"),
    [
        ([True], [True]),
        ([False, False, False], [None, None, False]),
        ([False, False, True, False, False, False], [None, None, True, None, None, False]),
    ],
)
def test_thresholds(results, concluded):
    tally = Tally(success_threshold=1, failure_threshold=3)
    assert [tally.conclude(r) for r in results] == concluded


def test_successes_can_be_demanded_in_a_row():
    tally = Tally(success_threshold=2, failure_threshold=1)
    assert [tally.conclude(r) for r in (True, False, True, True)] == [None, False, None, True]


class Answers:
    """Checks that answer as they are told, and note when they were asked."""

    def __init__(self, clock, answer=True):
        self.clock, self.answer, self.asked = clock, answer, []

    async def check(self, probe, target):
        self.asked.append(self.clock.monotonic())
        if not self.answer:
            raise CheckFailed("no")
        return Answer()


@asynccontextmanager
async def probing(clock, answers, known=None, **probes):
    events, changes = KeptEvents(), []
    async with asyncio.TaskGroup() as tasks:
        prober = PodProber(
            answers, clock, PodEvents(events), spawn=tasks.create_task, changed=lambda: changes.append(1)
        )
        prober.begin(pod(), spec_of(**probes), running(), "127.0.0.1", known)
        prober.events = events
        await clock.run_for(0)
        yield prober
        prober.end(prober.running())


def state(prober):
    return prober.states()["app-0"]


async def test_a_container_is_ready_as_soon_as_its_probe_succeeds(clock):
    answers = Answers(clock, answer=False)
    async with probing(clock, answers, readinessProbe=EXEC | {"periodSeconds": 10}) as prober:
        assert not state(prober).ready
        answers.answer = True
        await clock.run_for(1)
        assert state(prober).ready


async def test_between_the_periods_failures_neither_count_nor_show(clock):
    answers = Answers(clock, answer=False)
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 10, "failureThreshold": 3}
    async with probing(clock, answers, startupProbe=probe) as prober:
        await clock.run_for(19)
        assert len(answers.asked) > 10
        assert len(prober.events.all) == 2
        assert not state(prober).failed
        await clock.run_for(2)
        assert state(prober).failed == "startup"


async def test_a_ready_container_is_asked_once_a_period(clock):
    answers = Answers(clock)
    async with probing(clock, answers, readinessProbe=EXEC | {"periodSeconds": 5}):
        await clock.run_for(21)
        assert answers.asked == [0, 5, 10, 15, 20]


async def test_the_initial_delay_is_kept(clock):
    answers = Answers(clock)
    async with probing(clock, answers, readinessProbe=EXEC | {"initialDelaySeconds": 7}):
        await clock.run_for(6)
        assert not answers.asked
        await clock.run_for(2)
        assert answers.asked == [7]


async def test_liveness_waits_for_startup_and_gives_up_at_its_threshold(clock):
    answers = Answers(clock, answer=False)
    liveness = EXEC | {"periodSeconds": 1, "failureThreshold": 2}
    startup = EXEC | {"periodSeconds": 1, "failureThreshold": 30}
    async with probing(clock, answers, startupProbe=startup, livenessProbe=liveness) as prober:
        await clock.run_for(5)
        assert state(prober) == ProbeState(False, False, "")
        answers.answer = True
        await clock.run_for(2)
        assert state(prober).started
        answers.answer = False
        await clock.run_for(3)
        assert state(prober).failed == "liveness"


async def test_readiness_is_lost_and_found(clock):
    answers = Answers(clock)
    probe = EXEC | {"periodSeconds": 1, "failureThreshold": 2, "successThreshold": 1}
    async with probing(clock, answers, readinessProbe=probe) as prober:
        answers.answer = False
        await clock.run_for(1)
        assert state(prober).ready
        await clock.run_for(1)
        assert not state(prober).ready
        assert ("Warning", "Unhealthy", "Readiness probe failed: no") in prober.events.all
        answers.answer = True
        await clock.run_for(1)
        assert state(prober).ready


async def test_what_was_ready_before_an_agents_restart_stays_so(clock):
    answers = Answers(clock, answer=False)
    known = ProbeState(True, True)
    async with probing(clock, answers, known, readinessProbe=EXEC | {"failureThreshold": 3}) as prober:
        assert state(prober).ready


async def test_an_ending_pod_is_no_longer_asked_whether_it_lives(clock):
    answers = Answers(clock, answer=False)
    async with probing(clock, answers, livenessProbe=EXEC | {"periodSeconds": 1, "failureThreshold": 1}) as prober:
        prober.quieten()
        await clock.run_for(3)
        assert not state(prober).failed
        assert len(answers.asked) == 1


# True checks


def target(port):
    return Target(spec_of(ports=[{"name": "http", "containerPort": port}]), "id", "127.0.0.1")


@asynccontextmanager
async def server(answer):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    made = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with made:
        yield made.sockets[0].getsockname()[1]


def probe(port, **handler):
    return msgspec.convert(handler or {"httpGet": {"port": port, "path": "/healthz"}}, Probe)


@pytest.fixture
async def checks(clock):
    async with FakeRuntime(clock) as runtime:
        yield NodeChecks(runtime)


def http(status, headers=""):
    return f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n{headers}\r\nok".encode()


async def test_http_success(checks):
    async with server(http("200 OK")) as port:
        assert (await checks.check(probe("http"), target(port))).output == "ok"


async def test_http_failure_names_the_code(checks):
    async with server(http("503 No")) as port:
        with pytest.raises(CheckFailed, match="HTTP probe failed with statuscode: 503"):
            await checks.check(probe(port), target(port))


async def test_a_redirect_to_elsewhere_is_a_success_with_a_warning(checks):
    async with server(http("302 Found", "Location: http://other.example/\r\n")) as port:
        assert (await checks.check(probe(port), target(port))).warning.startswith("Probe terminated redirects")


async def test_a_closed_port_is_told_as_go_does(checks):
    async with server(b"") as port:
        pass
    with pytest.raises(CheckFailed) as caught:
        await checks.check(probe(port), target(port))
    place = f"127.0.0.1:{port}"
    assert str(caught.value) == f'Get "http://{place}/healthz": dial tcp {place}: connect: connection refused'
    with pytest.raises(CheckFailed) as caught:
        await checks.check(probe(port, tcpSocket={"port": "http"}), target(port))
    assert str(caught.value) == f"dial tcp {place}: connect: connection refused"


async def test_tcp_success(checks):
    async with server(b"") as port:
        await checks.check(probe(port, tcpSocket={"port": port}), target(port))


def test_named_ports():
    assert port_of("http", target(8080).container) == 8080
    with pytest.raises(CheckFailed, match="couldn't find port: no"):
        port_of("no", target(8080).container)


def frame(kind, flags, stream, payload):
    return grpc._frame(kind, flags, stream, payload)


@asynccontextmanager
async def health_server(*frames):
    async def handle(reader, writer):
        await reader.readexactly(len(grpc.PREFACE))
        writer.write(frame(grpc.SETTINGS, 0, 0, b"") + b"".join(frames))
        await writer.drain()
        await reader.read()
        writer.close()

    made = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with made:
        yield made.sockets[0].getsockname()[1]


def message(status):
    body = bytes([0x08, status]) if status else b""
    return frame(grpc.DATA, 0, 1, b"\0" + len(body).to_bytes(4, "big") + body)


async def test_grpc_serving(checks):
    async with health_server(message(1)) as port:
        await checks.check(probe(port, grpc={"port": port, "service": "a"}), target(port))


async def test_grpc_not_serving(checks):
    async with health_server(message(2)) as port:
        with pytest.raises(CheckFailed, match='responded with "NOT_SERVING"'):
            await checks.check(probe(port, grpc={"port": port}), target(port))


async def test_grpc_without_the_health_service(checks):
    trailers = frame(grpc.HEADERS, grpc.END_HEADERS | grpc.END_STREAM, 1, b"\x88")
    async with health_server(trailers) as port:
        with pytest.raises(CheckFailed, match="does not implement the grpc health protocol"):
            await checks.check(probe(port, grpc={"port": port}), target(port))
