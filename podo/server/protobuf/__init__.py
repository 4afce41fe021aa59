"""`application/vnd.kubernetes.protobuf` for all built-in kinds: requests, answers, watches.

`envelope.py` is the door: objects (dicts, as in JSON) to bodies and back. `codec.py` turns objects into messages,
`messages.py` makes the message classes from messages.json, `special.py` knows the types whose JSON is not their
members. Imported when a client first asks for the format, since the protobuf library costs memory.
"""
