"""Subresources with a kind of their own: scale, binding, eviction, token. Read `below.py` first."""
