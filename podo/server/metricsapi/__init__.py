"""metrics.k8s.io, served by the API server itself from what the nodes' agents read (docs/adr/0102).

`objects.py` makes NodeMetrics and PodMetrics (pure), `nodes.py` asks the agents, `answers.py` answers requests.
"""
