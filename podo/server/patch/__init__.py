"""Patches and field ownership: pure functions from (live object, request) to the new object.

`json.py` (RFC 6902), `merge.py` (RFC 7386), `strategic.py` (Kubernetes' own), `apply.py` (server-side apply) and
`managed_fields.py` (who owns what after any write). What a type is made of reaches them through two small protocols:
`strategic.PatchSchema` and `typed.schema.Node`, so that built-in kinds and custom resources are served alike.

Nothing here does I/O, knows the store or HTTP, or changes its inputs: objects are dicts as decoded from JSON, and
results share unchanged parts with them. Read `requests.py` first: it is what the request handlers call.
"""
