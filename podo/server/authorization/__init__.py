"""Who may do what. `base.py` says what an authorizer is asked; `union.py` asks several in turn.

`rbac.py` decides by roles (`policy.py` keeps them at hand, `rules.py` matches), `node.py` what nodes may see of the
Pods that they run (`node_graph.py`). `reviews.py` answers questions about both, `escalation.py` keeps rights from
growing, `impersonation.py` lets some act as others.
"""
