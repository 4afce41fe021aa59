"""This node as the cluster sees it: its Node object and its Lease.

`machine.py` reads the machine, `node_object.py` makes the Node of it (pure), `register.py` keeps it in the API,
`lease.py` is the heart-beat.
"""
