"""What is measured, and how: `python -m bench --kubeconfig FILE` prints a table for any Kubernetes cluster.

It measures from outside, by the API and by /proc, so that podo and others are read alike. `connection.py` and `load.py`
are the client, `measures/` has one measure a file, `measures/__init__.py` their list.
"""
