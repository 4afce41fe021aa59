"""The watch cache: current objects as bytes, a window of recent events, and who watches.

Read `entry.py`, then `resource.py` (one kind), `watcher.py` (one watch), `cache.py` (all kinds, fed by the store).
"""
