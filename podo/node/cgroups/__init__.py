"""Control groups of nodes, QoS classes, Pods and containers, for cgroup v2 and v1.

Read `base.py` first: the protocol. `v2.py` and `v1.py` are its two sides, each a pure table of figures and a thin edge;
`detect.py` tells which one this machine has (hybrid set-ups count as v1: that is where the controllers are).
"""
