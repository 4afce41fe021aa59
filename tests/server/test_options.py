"""What the server is told by flags."""

import pytest

from podo.server.options import GuardOptions, OptionError, guard_options, seconds


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600), ("2", 2), ("1.5s", 1.5)]
)
def test_times_are_as_go_writes_them(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "5x", "1s2", "soon", "-1s"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=text or ".*"):
        seconds(text)


def test_flags_become_options():
    found = guard_options({"audit-log-path": "/a", "audit-log-maxsize": "5", "audit-webhook-batch-max-wait": "2s"})
    assert found == GuardOptions(audit_log_path="/a", audit_log_maxsize=5, audit_webhook_batch_max_wait=2.0)
    assert guard_options({}) == GuardOptions()


@pytest.mark.parametrize(
    ("flag", "text", "words"),
    [
        ("audit-log-maxsize", "big", "--audit-log-maxsize big: it is a number"),
        ("audit-webhook-batch-max-wait", "soon", "it is a time such as 30s"),
        ("audit", "x", "--audit is no flag"),
    ],
)
def test_bad_flags_are_named(flag, text, words):
    with pytest.raises(OptionError, match=words):
        guard_options({flag: text})
