"""The store keeps bytes under keys and numbers every write. It knows no kinds.

Read `base.py` first; `memory.py`, `sqlite.py` and `etcd.py` implement it (`open.py` picks one by URL) and pass one
contract suite (`tests/contract/test_store.py`). Only the server and the composition root import this package.
"""
