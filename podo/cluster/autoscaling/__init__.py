"""Nodes of a local cluster, added when Pods find no room, and removed when they are not needed.

`growing.py` and `shrinking.py` decide on the scheduler's own snapshot and by its own filters what would fit;
`trial.py` undoes what they tried. `controller.py` acts, `pool.py` makes and removes local nodes.
"""
