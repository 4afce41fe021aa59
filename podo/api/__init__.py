"""Kinds, group/versions, schemas, quantities, selectors, errors: pure data and pure functions, no I/O.

Read `schema/` (the field tables), `scheme.py` (which kinds exist) and `errors.py` first. Imports nothing of podo.
"""
