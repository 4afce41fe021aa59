"""What a node and its Pods use: for eviction, and for those who ask the node API.

`base.py` has the figures, `machine.py` reads those of the machine, `disk.py` what Pods have on disk (walked seldom, in
a thread), `reader.py` puts all together.
"""
