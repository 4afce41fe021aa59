"""The node agent: pod workers, runtime, images, volumes, probes and the node API.

It knows its own node and the API, never the store. Read `worker.py` first: wanted and observed to actions.
"""
