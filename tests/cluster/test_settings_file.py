"""The file of `podo up --config`."""

import pytest

from podo.cluster.errors import ClusterError
from podo.cluster.settings_file import read_scheduler, read_settings


def settings(tmp_path, text):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    return read_settings(path)


def test_flags_of_the_api_server_are_taken_and_files_are_sought_beside_it(tmp_path):
    (tmp_path / "policy.yaml").write_text("")
    text = "apiServer: {audit-policy-file: policy.yaml, audit-log-path: logs/a.log, audit-log-maxsize: 5}"
    assert settings(tmp_path, text) == {
        "audit-policy-file": f"{tmp_path}/policy.yaml",
        "audit-log-path": f"{tmp_path}/logs/a.log",
        "audit-log-maxsize": "5",
    }


def test_standard_output_and_absolute_paths_stay_what_they_are(tmp_path):
    assert settings(tmp_path, "apiServer: {audit-log-path: '-'}") == {"audit-log-path": "-"}
    assert settings(tmp_path, "apiServer: {audit-log-path: /a}") == {"audit-log-path": "/a"}
    assert settings(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiServer: {audit: x}", "--audit is no flag of the API server"),
        ("apiServer: {audit-log-maxsize: big}", "it is a number"),
        ("apiServer: {audit-policy-file: none.yaml}", r"none\.yaml is no file"),
        ("apiserver: {}", "apiserver"),
        ("{", "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(tmp_path, text, words):
    with pytest.raises(ClusterError, match=words):
        settings(tmp_path, text)


def test_a_file_that_is_missing_is_said_in_words(tmp_path):
    with pytest.raises(ClusterError, match=r"nothing\.yaml cannot be used"):
        read_settings(tmp_path / "nothing.yaml")


def test_a_configuration_of_the_scheduler_is_kept_as_it_is(tmp_path):
    path = tmp_path / "scheduler.yaml"
    path.write_text("profiles: [{schedulerName: packer}]\n")
    assert read_scheduler(path) == {"profiles": [{"schedulerName": "packer"}]}


@pytest.mark.parametrize("text", ["profiles: []", "{", "colour: red", "- a"])
def test_a_configuration_of_the_scheduler_that_says_nonsense_is_refused(tmp_path, text):
    path = tmp_path / "scheduler.yaml"
    path.write_text(text)
    with pytest.raises(ClusterError, match=r"scheduler\.yaml cannot be used"):
        read_scheduler(path)
