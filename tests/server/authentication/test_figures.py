"""What is counted of who comes in, and of what they may."""

from datetime import UTC, datetime

import pytest

from podo.api.errors import Unauthorized
from podo.clock import VirtualClock
from podo.server.authentication.base import Credentials
from podo.server.authentication.figures import CountedAuthentication, kind_of
from podo.server.authorization.base import Attempt, Decision, Verdict
from podo.server.authorization.figures import CountedAuthorizer, Decisions
from podo.server.context import User


class Known:
    async def authenticate(self, credentials):
        if credentials.token == "good":
            return User("jane@example.com")
        raise Unauthorized("Unauthorized")


@pytest.fixture
def counted():
    return CountedAuthentication(Known(), VirtualClock(start=datetime(2026, 1, 1, tzinfo=UTC)))


async def test_attempts_are_counted_by_result(counted):
    await counted.authenticate(Credentials(token="good"))
    for bad in (Credentials(token="bad"), Credentials()):
        with pytest.raises(Unauthorized):
            await counted.authenticate(bad)
    assert counted.times.counts() == {("success",): 1, ("error",): 1, ("failure",): 1}
    assert counted.users.values == {("email_id",): 1}
    assert 'authentication_attempts{result="success"} 1\n' in "".join(counted.lines())
    assert 'authentication_duration_seconds_count{result="success"} 1\n' in "".join(counted.lines())


async def test_how_long_certificates_are_good_for(counted):
    await counted.authenticate(Credentials(token="good", not_after="Jan  1 12:30:00 2026 GMT"))
    shown = "".join(counted.lines())
    assert 'apiserver_client_certificate_expiration_seconds_bucket{le="43200"} 0\n' in shown
    assert 'apiserver_client_certificate_expiration_seconds_bucket{le="86400"} 1\n' in shown


@pytest.mark.parametrize(
    ("name", "kind"), [("admin", "admin"), ("a@b", "email_id"), ("system:serviceaccount:a:b", "other")]
)
def test_metrics_do_not_tell_who_it_was(name, kind):
    assert kind_of(name) == kind


class Fixed:
    def __init__(self, verdict):
        self.verdict = verdict

    async def authorize(self, attempt):
        return Decision(self.verdict)


@pytest.mark.parametrize(
    ("verdict", "result", "decided"),
    [
        (Verdict.ALLOW, "allowed", {("RBAC", "rbac", "allowed"): 1}),
        (Verdict.DENY, "denied", {("RBAC", "rbac", "denied"): 1}),
        (Verdict.NO_OPINION, "no-opinion", {}),
    ],
)
async def test_decisions_are_counted_for_requests_and_for_each_authorizer(verdict, result, decided):
    decisions = Decisions()
    asked = CountedAuthorizer(decisions.of("RBAC", "rbac", Fixed(verdict)))
    assert (await asked.authorize(Attempt(User("u"), "get"))).verdict is verdict
    assert asked.times.count(result) == 1
    assert f'authorization_attempts_total{{result="{result}"}} 1\n' in "".join(asked.lines())
    assert decisions.counted.values == decided
