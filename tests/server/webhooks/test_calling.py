"""Asking a webhook, over TLS on loopback."""

import pytest

from podo.api.errors import NotFound
from podo.server.outgoing.services import Place
from podo.server.webhooks.calling import CallError, ServiceOf, Target, Webhooks, address_of, duration

REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1"}}
SERVICE = ServiceOf("tools", "hooks", 8443, "/allow")


class OneEndpoint:
    """Every Service is at one place."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, namespace, name, port):
        if name == "none":
            raise NotFound('service "none" not found')
        return Place("127.0.0.1", self.port)


@pytest.fixture
async def webhooks(hooks):
    found = Webhooks(OneEndpoint(hooks.port))
    yield found
    await found.close()


async def failure(webhooks, target, timeout=5.0):
    with pytest.raises(CallError) as caught:
        await webhooks.ask(target, REVIEW, timeout)
    return str(caught.value)


async def test_the_certificate_of_a_service_has_its_name(webhooks, hooks):
    answer = await webhooks.ask(Target("", SERVICE, hooks.certificates.bundle), REVIEW, 5)
    assert answer["response"]["allowed"] is True
    assert hooks.hosts == ["hooks.tools.svc:8443"]


async def test_another_name_is_not_trusted(webhooks, hooks):
    target = Target("", SERVICE._replace(name="other"), hooks.certificates.bundle)
    assert "x509: certificate is not valid for other.tools.svc" in await failure(webhooks, target)
    assert hooks.asked == []


async def test_another_authority_is_not_trusted(webhooks, hooks):
    said = await failure(webhooks, Target(hooks.url("/allow")))
    assert said.endswith("tls: failed to verify certificate: x509: certificate signed by unknown authority")


async def test_a_bundle_may_hold_the_certificate_itself(webhooks, hooks):
    target = Target(hooks.url("/allow"), None, hooks.certificates.leaf_bundle)
    assert (await webhooks.ask(target, REVIEW, 5))["response"]["allowed"] is True


async def test_a_bundle_of_nonsense_is_told(webhooks, hooks):
    assert "unable to load root certificates" in await failure(webhooks, Target(hooks.url("/allow"), None, "eHh4"))


async def test_who_does_not_answer_in_time_is_left(webhooks, hooks):
    said = await failure(webhooks, Target(hooks.url("/slow"), None, hooks.certificates.bundle), 0.05)
    assert said == f'Post "{hooks.url("/slow")}?timeout=1s": context deadline exceeded'


async def test_a_service_that_is_not_there_is_told(webhooks, hooks):
    said = await failure(webhooks, Target("", SERVICE._replace(name="none")))
    assert said == 'Post "https://none.tools.svc:8443/allow?timeout=5s": service "none" not found'


async def test_an_answer_that_is_no_success_is_told(webhooks, hooks):
    said = await failure(webhooks, Target(hooks.url("/broken"), None, hooks.certificates.bundle))
    assert said == 'an error on the server ("oh") has prevented the request from succeeding'


async def test_an_answer_that_is_no_json_is_told(webhooks, hooks):
    said = await failure(webhooks, Target(hooks.url("/text"), None, hooks.certificates.bundle))
    assert said.startswith("couldn't get version/kind; json parse error")


@pytest.mark.parametrize(("path", "shown"), [("", ""), ("x", "/x"), ("/x/y", "/x/y")])
def test_the_path_of_a_service(path, shown):
    assert address_of(Target("", SERVICE._replace(path=path)))[0] == f"https://hooks.tools.svc:8443{shown}"


@pytest.mark.parametrize(("seconds", "text"), [(1, "1s"), (0.2, "1s"), (30, "30s"), (60, "1m0s")])
def test_durations_are_written_as_in_go(seconds, text):
    assert duration(seconds) == text
