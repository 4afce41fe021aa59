"""Answers of a Kubernetes API server 1.36, and what podo answers to the same requests.

`answers/*.xz` has a case a line (cases.py); tools/import_answers.py makes it. A case that passes stays passing.
"""
