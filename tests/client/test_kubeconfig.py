import base64
import stat

import pytest
import yaml

from podo.client import kubeconfig
from podo.client.kubeconfig import Credentials, KubeconfigError

ADMIN = Credentials(server="https://127.0.0.1:6443", ca="CA", certificate="CERT", key="KEY")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kube" / "config"


def test_what_was_written_is_loaded(path):
    kubeconfig.write(path, kubeconfig.render("podo", ADMIN))
    assert kubeconfig.load(path) == ADMIN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_merging_keeps_what_is_there_and_makes_the_new_one_current(path):
    theirs = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {"colors": True},
        "clusters": [{"name": "work", "cluster": {"server": "https://work", "proxy-url": "http://p"}}],
        "users": [{"name": "me", "user": {"exec": {"command": "login"}}}],
        "contexts": [{"name": "work", "context": {"cluster": "work", "user": "me"}}],
        "current-context": "work",
    }
    kubeconfig.write(path, theirs)
    kubeconfig.merge(path, "podo", ADMIN)
    config = yaml.safe_load(path.read_text())
    assert config["current-context"] == "podo"
    assert config["preferences"] == {"colors": True}
    assert [c["name"] for c in config["clusters"]] == ["work", "podo"]
    assert config["clusters"][0] == theirs["clusters"][0]
    kubeconfig.remove(path, "podo")
    assert yaml.safe_load(path.read_text()) == theirs | {"current-context": ""}


def test_merging_again_replaces_the_entries_of_that_name(path):
    kubeconfig.merge(path, "podo", ADMIN)
    kubeconfig.merge(path, "podo", Credentials(server="https://127.0.0.1:7443", token="t"))
    assert kubeconfig.load(path) == Credentials(server="https://127.0.0.1:7443", token="t")
    assert len(yaml.safe_load(path.read_text())["contexts"]) == 1


def test_merging_can_leave_the_current_context(path):
    kubeconfig.merge(path, "one", ADMIN)
    kubeconfig.merge(path, "two", ADMIN, make_current=False)
    assert yaml.safe_load(path.read_text())["current-context"] == "one"


def test_a_link_is_followed_and_stays_a_link(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "real")
    kubeconfig.merge(path, "podo", ADMIN)
    assert path.is_symlink()
    assert kubeconfig.load(tmp_path / "real") == ADMIN


def test_removing_from_a_file_that_does_not_exist_does_nothing(path):
    kubeconfig.remove(path, "podo")
    assert not path.exists()


def test_files_are_named_relative_to_the_kubeconfig(path):
    path.parent.mkdir()
    (path.parent / "ca.crt").write_text("CA")
    config = kubeconfig.render("podo", Credentials(server="https://x", token_file="token"))
    config["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    kubeconfig.write(path, config)
    found = kubeconfig.load(path)
    assert found.ca == "CA"
    assert found.token_file == str(path.parent / "token")


def test_another_context_can_be_asked_for(path):
    kubeconfig.merge(path, "one", ADMIN)
    kubeconfig.merge(path, "two", Credentials(server="https://two", namespace="team"))
    assert kubeconfig.load(path, "one").server == ADMIN.server
    assert kubeconfig.load(path).namespace == "team"


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "no current-context is set", id="empty"),
        pytest.param("a: [", "expected", id="not YAML"),
        pytest.param("- a", "this is no kubeconfig", id="a list"),
        pytest.param("current-context: x", "there is no context 'x'", id="no such context"),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}]}",
            "there is no cluster 'c'",
            id="no such cluster",
        ),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
            " clusters: [{name: c, cluster: {server: s}}], users: [{name: u, user: {exec: {}}}]}",
            "credential plug-in",
            id="exec",
        ),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
            " clusters: [{name: c, cluster: {server: s, certificate-authority-data: '!'}}], users: [{name: u}]}",
            "certificate-authority-data",
            id="bad base64",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(path, text, message):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(KubeconfigError, match=message) as raised:
        kubeconfig.load(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(path):
    with pytest.raises(KubeconfigError, match="no such file"):
        kubeconfig.load(path)


def test_the_default_file_is_the_first_of_the_variable():
    assert str(kubeconfig.default_path({"KUBECONFIG": "/a/x:/b/y"})) == "/a/x"
    assert str(kubeconfig.default_path({"HOME": "/home/me"})) == "/home/me/.kube/config"
