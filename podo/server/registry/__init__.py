"""The life of objects: create, read, update, delete, watch, for every kind alike.

Read `../strategy.py` first, then `generic.py`. One file here for each kind that needs a strategy of its own.
"""
