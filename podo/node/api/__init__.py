"""The node API: what the API server and metrics collectors ask of a node (the kubelet's port 10250).

Read `server.py` first: it has the table of paths. Each path is one module.
"""
