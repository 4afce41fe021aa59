"""What the agent tells the API about its Pods.

`generate.py` makes a PodStatus from a worker's state (`containers.py`, `phase.py`, `conditions.py` are its parts: all
pure); `writer.py` brings it to the API, only when it changed, through outages.
"""
