"""Web services that decide, and in which order authorizers are asked."""

import msgspec
import pytest
import yaml

from podo.api.errors import ServiceUnavailable
from podo.client.transport import Answer
from podo.clock import VirtualClock
from podo.server.authorization.base import AllowAll, Attempt, Verdict
from podo.server.authorization.configured import Condition, DenyAll, authorizers, compiled
from podo.server.authorization.webhook import Settings, WebhookAuthorizer, spec_of
from podo.server.context import User
from podo.server.options import GuardOptions, OptionError

JANE = User("jane", "1", ("dev",), {"a": ("b",)})
GET = Attempt(JANE, "get", "apps", "v1", "deployments", "scale", "ns", "d")
ALLOWED, DENIED = {"allowed": True, "reason": "friends"}, {"allowed": False, "denied": True, "reason": "no"}


class Service:
    """Answers with a status, while it is up."""

    def __init__(self, status):
        self.status, self.asked, self.up = status, [], True

    async def send(self, request):
        if not self.up:
            raise ServiceUnavailable("down")
        self.asked.append(msgspec.json.decode(request.body))
        return Answer(200, msgspec.json.encode({"status": self.status}))


def webhook(status, *conditions, clock=None, **settings):
    service = Service(status)
    programs = compiled(
        tuple(map(Condition, ())) if not conditions else tuple(Condition(expression=c) for c in conditions)
    )
    return WebhookAuthorizer(service, Settings(**settings), clock or VirtualClock(), programs), service


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [(ALLOWED, Verdict.ALLOW, "friends"), (DENIED, Verdict.DENY, "no"), ({"allowed": False}, Verdict.NO_OPINION, "")],
)
async def test_the_service_decides(status, verdict, reason):
    authorizer, service = webhook(status)
    assert await authorizer.authorize(GET) == (verdict, reason)
    [review] = service.asked
    assert (review["kind"], review["apiVersion"]) == ("SubjectAccessReview", "authorization.k8s.io/v1")
    assert review["spec"] == spec_of(GET)


def test_an_attempt_is_sent_whole():
    attributes = {"namespace": "ns", "verb": "get", "group": "apps", "version": "v1", "resource": "deployments"}
    attributes |= {"subresource": "scale", "name": "d"}
    who = {"user": "jane", "uid": "1", "groups": ["dev"], "extra": {"a": ["b"]}}
    assert spec_of(GET) == who | {"resourceAttributes": attributes}
    path = Attempt(User("joe"), "get", path="/healthz")
    assert spec_of(path) == {"user": "joe", "nonResourceAttributes": {"path": "/healthz", "verb": "get"}}


def test_selectors_are_sent_as_requirements():
    attempt = Attempt(
        JANE, "list", "", "v1", "pods", label_selector="a=b,c,d notin (e,f)", field_selector="spec.x=n,y!=z"
    )
    sent = spec_of(attempt)["resourceAttributes"]
    assert sent["labelSelector"]["requirements"] == [
        {"key": "a", "operator": "In", "values": ["b"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "NotIn", "values": ["e", "f"]},
    ]
    assert sent["fieldSelector"]["requirements"] == [
        {"key": "spec.x", "operator": "In", "values": ["n"]},
        {"key": "y", "operator": "NotIn", "values": ["z"]},
    ]


async def test_the_old_version_has_its_own_name_for_groups():
    authorizer, service = webhook(ALLOWED, version="v1beta1")
    await authorizer.authorize(GET)
    assert service.asked[0]["spec"]["group"] == ["dev"]


async def test_answers_are_remembered_the_good_ones_longer():
    clock = VirtualClock()
    authorizer, service = webhook(ALLOWED, clock=clock)
    refusing, refused = webhook(DENIED, clock=clock)
    for _ in range(2):
        await authorizer.authorize(GET)
        await refusing.authorize(GET)
    assert (len(service.asked), len(refused.asked)) == (1, 1)
    clock.advance(31)
    await authorizer.authorize(GET)
    await refusing.authorize(GET)
    assert (len(service.asked), len(refused.asked)) == (1, 2)


@pytest.mark.parametrize(("denies", "verdict"), [(True, Verdict.DENY), (False, Verdict.NO_OPINION)])
async def test_a_service_that_is_down_allows_nothing(denies, verdict):
    authorizer, service = webhook(ALLOWED, denies=denies)
    service.up = False
    assert (await authorizer.authorize(GET)).verdict is verdict


@pytest.mark.parametrize(
    ("conditions", "asked"),
    [
        (["request.user == 'jane'"], True),
        (["request.user == 'jane'", "request.resourceAttributes.namespace == 'other'"], False),
        (["has(request.nonResourceAttributes)"], False),
        (["request.extra['x'][0] == 'y'", "request.user == 'joe'"], False),
    ],
)
async def test_the_service_is_asked_about_what_the_conditions_say(conditions, asked):
    authorizer, service = webhook(ALLOWED, *conditions)
    await authorizer.authorize(GET)
    assert bool(service.asked) is asked


async def test_a_condition_that_fails_counts_as_a_service_that_is_down():
    authorizer, service = webhook(ALLOWED, "request.extra['x'][0] == 'y'", denies=True)
    assert (await authorizer.authorize(GET)).verdict is Verdict.DENY
    assert service.asked == []


OWN = {"Node": AllowAll(), "RBAC": AllowAll()}
KUBECONFIG = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://authz.example.com"}}],
    "users": [{"name": "u", "user": {}}],
}


def from_file(tmp_path, *entries):
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG))
    path = tmp_path / "authz.yaml"
    head = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration"}
    path.write_text(yaml.safe_dump(head | {"authorizers": list(entries)}))
    return authorizers(GuardOptions(authorization_config=str(path)), OWN, VirtualClock())[0]


def service_entry(tmp_path, name="s", **more):
    given = {
        "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": str(tmp_path / "kubeconfig")},
        "failurePolicy": "Deny",
        "subjectAccessReviewVersion": "v1",
        "timeout": "3s",
        "matchConditions": [{"expression": "request.user != 'x'"}],
    }
    return {"type": "Webhook", "name": name, "webhook": given | more}


def test_a_file_says_who_is_asked_in_which_order(tmp_path):
    found = from_file(tmp_path, service_entry(tmp_path), {"type": "RBAC", "name": "rbac"})
    assert isinstance(found[0], WebhookAuthorizer)
    assert found[1] is OWN["RBAC"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"failurePolicy": "Allow"}, "failurePolicy"),
        ({"subjectAccessReviewVersion": "v2"}, "subjectAccessReviewVersion"),
        ({"connectionInfo": {"type": "InClusterConfig"}}, "KubeConfigFile is required"),
        ({"timeout": "soon"}, "no time"),
        ({"matchConditions": [{"expression": "request."}]}, "matchConditions"),
        ({"matchConditions": [{"expression": "'a'"}]}, "must evaluate to bool"),
    ],
)
def test_a_service_that_is_described_badly_is_refused(tmp_path, change, words):
    with pytest.raises(OptionError, match=words):
        from_file(tmp_path, service_entry(tmp_path, **change))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "at least one"),
        ([{"type": "ABAC", "name": "a"}], "unsupported value 'ABAC'"),
        ([{"type": "RBAC", "name": "a"}, {"type": "Node", "name": "a"}], "more than once"),
        ([{"type": "Webhook", "name": "a"}], "required for type Webhook"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path, entries, words):
    with pytest.raises(OptionError, match=words):
        from_file(tmp_path, *entries)


def test_modes_by_flags():
    found, _ = authorizers(GuardOptions(authorization_mode="RBAC,AlwaysDeny"), OWN, VirtualClock())
    assert found == [OWN["RBAC"], DenyAll()]
    with pytest.raises(OptionError, match="--authorization-mode Everyone"):
        authorizers(GuardOptions(authorization_mode="Everyone"), OWN, VirtualClock())
