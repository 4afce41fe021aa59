"""API priority and fairness: no client can take the API away from the others.

A FlowSchema says to which priority level a request belongs (`matching.py`). A level has so many seats, lends those that
it does not need, and lets requests wait in queues, so that each flow gets its share (`level.py`, to be read first).
`configured.py` follows the objects, `keeping.py` keeps those that every cluster has, `showing.py` has the figures.
"""
