"""What controllers, scheduler, node agent and CLI see of a cluster: `Client`, informers, work queue, backoff.

Read `base.py` first. Knows the API only through the wire or through the in-process client that the server offers.
"""
