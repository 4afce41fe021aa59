"""Messages from tables: as any other implementation of the protocol writes them."""

from podo.rpc.messages import Messages

MESSAGES = Messages(
    "test",
    {
        "Inner": "text=1 string",
        "Outer": "number=1 int64, many=2 Inner*, by_name=3 map<Inner>, labels=4 map, blob=5 bytes, exact=6 double",
    },
    {},
)


def test_a_message_is_read_as_it_was_written():
    made = MESSAGES.make(
        "Outer", number=-1, many=[{"text": "a"}], by_name={"x": {"text": "b"}}, labels={"k": "v"}, blob=b"\0", exact=0.5
    )
    read = MESSAGES.parser("Outer")(made.SerializeToString())
    assert (read.number, [m.text for m in read.many], read.by_name["x"].text) == (-1, ["a"], "b")
    assert (dict(read.labels), read.blob, read.exact) == ({"k": "v"}, b"\0", 0.5)


def test_the_bytes_are_those_of_the_wire_format():
    assert MESSAGES.make("Inner", text="hi").SerializeToString() == b"\x0a\x02hi"
    assert MESSAGES.make("Outer", labels={"k": "v"}).SerializeToString() == b"\x22\x06\x0a\x01k\x12\x01v"
