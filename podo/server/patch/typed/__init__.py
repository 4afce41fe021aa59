"""Structured merge-diff: objects seen through a schema that says what is owned whole and what piece by piece.

`schema.py` is the model: a `Node` allows a scalar, a list, a map, or several of them. The walkers, one a file, take a
value and its node: `validate.py`, `fields.py` (value to field set), `compare.py`, `merge.py`, `remove.py`,
`reconcile.py` (field set to today's schema). All are pure, and none changes a value.
"""
