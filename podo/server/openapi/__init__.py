"""OpenAPI: what clients can know of types and paths without asking us about each.

`schemas.py` turns field tables into schemas, `operations.py` the resource table into operations; `v3.py` and `v2.py`
write both down in the two versions of OpenAPI, `v2_protobuf.py` the second as protobuf; `handler.py` answers requests.
"""
