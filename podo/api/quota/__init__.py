"""What objects use of a ResourceQuota: for admission, which charges it, and for the controller, which counts. Pure.

`amounts.py` calculates with lists of quantities; `evaluators.py` says which objects count, each by a module of its own;
`charge.py` decides on one request, `usage.py` counts all objects of a namespace.
"""
