"""Containers by a runtime of others that speaks CRI (containerd, CRI-O). Read `runtime.py` first.

`wire.py` has the messages, `requests.py` and `reading.py` turn ours into them and theirs into ours (pure), `mirror.py`
knows what is there. Nothing here is imported by a node with podo's own runtime.
"""
