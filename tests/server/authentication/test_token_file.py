"""Static tokens."""

import pytest

from podo.server.authentication.base import Credentials
from podo.server.authentication.token_file import StaticTokens, TokenFileError, parse_tokens, read_tokens
from podo.server.context import User


def test_a_line_is_a_token_a_user_a_uid_and_groups():
    found = parse_tokens(['t1,alice,1,"dev, ops"', "t2,bob,2", "", "# a comment,x,y"])
    assert found == {"t1": User("alice", "1", ("dev", "ops")), "t2": User("bob", "2")}


@pytest.mark.parametrize("line", ["only", "two,columns", ",name,uid"])
def test_a_line_that_says_too_little_is_named(line):
    with pytest.raises(TokenFileError, match="line 2"):
        parse_tokens(["t,alice,1", line])


def test_a_file_is_read(tmp_path):
    path = tmp_path / "tokens.csv"
    path.write_text("t,alice,1\n")
    assert read_tokens(path) == {"t": User("alice", "1")}


async def test_who_has_a_token_is_authenticated():
    tokens = StaticTokens({"t": User("alice", "1", ("dev",))})
    user = await tokens.authenticate(Credentials(token="t"))
    assert user.groups == ("dev", "system:authenticated")
    assert await tokens.authenticate(Credentials(token="other")) is None
    assert await tokens.authenticate(Credentials("alice")) is None
