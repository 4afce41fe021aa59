"""Webhooks: admission that others decide, over HTTPS (KEP-492), and what they share with the aggregation of APIs.

`matching.py` and `reviews.py` are pure: which webhook is meant, what it is sent, what its answer says. `calling.py` is
the edge: it finds the server of a webhook and asks. `mutating.py` and `validating.py` are the two admission plug-ins.
"""
