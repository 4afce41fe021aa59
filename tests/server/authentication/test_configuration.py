"""Which providers are believed, by file and by flags."""

import pytest
import yaml

from podo.server.authentication.configuration import configuration
from podo.server.options import GuardOptions, OptionError

HEAD = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
ISSUER = {"url": "https://idp.example.com", "audiences": ["k"]}
GOOD = {"issuer": ISSUER, "claimMappings": {"username": {"claim": "sub", "prefix": ""}}}


def read(tmp_path, **given):
    path = tmp_path / "authn.yaml"
    path.write_text(yaml.safe_dump(HEAD | given))
    return configuration(GuardOptions(authentication_config=str(path)))


def test_a_file_has_providers_and_says_who_may_be_anonymous(tmp_path):
    other = GOOD | {
        "issuer": {"url": "https://other.example.com", "audiences": ["a", "b"], "audienceMatchPolicy": "MatchAny"}
    }
    anonymous = {"enabled": True, "conditions": [{"path": "/livez"}]}
    providers, found = read(tmp_path, jwt=[GOOD, other], anonymous=anonymous)
    assert [p.issuer.url for p in providers] == ["https://idp.example.com", "https://other.example.com"]
    assert [c.path for c in found.conditions] == ["/livez"]


def test_without_a_word_everyone_may_be_anonymous(tmp_path):
    assert read(tmp_path)[1].enabled
    assert configuration(GuardOptions())[1].enabled
    assert not configuration(GuardOptions(anonymous_auth=False))[1].enabled


def test_nobody_is_anonymous_where_everything_is_allowed():
    assert not configuration(GuardOptions(authorization_mode="RBAC,AlwaysAllow"))[1].enabled


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jwt": [GOOD | {"issuer": ISSUER | {"url": "http://a"}}]}, "URL scheme must be https"),
        ({"jwt": [GOOD | {"issuer": ISSUER | {"url": "https://u@a"}}]}, "must not contain a username"),
        ({"jwt": [GOOD | {"issuer": ISSUER | {"audiences": []}}]}, "at least one issuer audience"),
        ({"jwt": [GOOD | {"issuer": ISSUER | {"audiences": ["a", "b"]}}]}, "must be MatchAny"),
        ({"jwt": [GOOD, GOOD]}, "more than once"),
        ({"jwt": [GOOD | {"claimMappings": {}}]}, "exactly one of claim or expression"),
        ({"jwt": [GOOD | {"claimMappings": {"username": {"claim": "sub"}}}]}, r"prefix: required when claim is set"),
        ({"jwt": [GOOD | {"claimValidationRules": [{}]}]}, r"claimValidationRules\[0\]"),
        ({"anonymous": {"conditions": [{"path": "/"}]}}, "enabled should be set"),
        ({"jwt": [GOOD | {"surprise": 1}]}, "surprise"),
        ({"kind": "Pod"}, "must be of kind"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path, given, words):
    with pytest.raises(OptionError, match=words):
        read(tmp_path, **given)


def by_flags(**flags):
    given = {"oidc_issuer_url": "https://idp.example.com", "oidc_client_id": "k"} | flags
    return configuration(GuardOptions(**given))[0][0]


def test_flags_describe_one_provider():
    found = by_flags(oidc_groups_claim="groups", oidc_groups_prefix="g:", oidc_required_claim="a=1,b=2")
    assert found.issuer.audiences == ("k",)
    assert found.claim_mappings.username.prefix == "https://idp.example.com#"
    assert (found.claim_mappings.groups.claim, found.claim_mappings.groups.prefix) == ("groups", "g:")
    assert [(rule.claim, rule.required_value) for rule in found.claim_validation_rules] == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("claim", "prefix", "expected"),
    [("sub", "-", ""), ("sub", "x:", "x:"), ("email", "", ""), ("name", "", "https://idp.example.com#")],
)
def test_the_prefix_of_names_by_flags(claim, prefix, expected):
    found = by_flags(oidc_username_claim=claim, oidc_username_prefix=prefix)
    assert found.claim_mappings.username.prefix == expected


def test_file_and_flags_do_not_go_together(tmp_path):
    with pytest.raises(OptionError, match="give one of them"):
        configuration(GuardOptions(authentication_config=str(tmp_path), oidc_issuer_url="https://a"))
