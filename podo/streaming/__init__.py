"""Streams inside an HTTP connection: SPDY/3.1, channels in a WebSocket, and what Kubernetes runs over them.

The API server and the node agent both need them, so they lie below both. Read `base.py` first; `spdy_frames.py` and
`channels.py` are the wire formats, without I/O.
"""
