"""Vertical autoscaling: what containers use over days, as recommendations, and the Pods made to ask for that.

The API is that of Kubernetes' autoscaler project (autoscaling.k8s.io/v1), and so are percentiles, margins and bounds.
`histogram.py` and `recommending.py` are pure, `models.py` keeps what was seen, `definitions.py` has the API served.
"""
