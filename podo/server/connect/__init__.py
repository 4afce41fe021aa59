"""Requests that are carried on to a node, a Pod or a Service: exec, attach, portforward, log, proxy.

The server checks rights and finds the place; what is said there, it does not look into. Read `nodes.py` first.
"""
