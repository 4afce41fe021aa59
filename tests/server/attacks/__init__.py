"""Attacks on a live server over HTTP, a class of attack a file; each test is named after its class.

What is refused of roles, bindings and nodes is in `tests/server/test_refusals.py`.
"""
