"""Custom resources: kinds that CustomResourceDefinitions add while the server runs.

`schema/` reads a definition's OpenAPI schema and applies it to objects: pruning, defaults, validation. (What may stand
in a definition is said in `server/validation/crd`.) `kind.py` makes a served kind of each version, `following.py` keeps
the catalog as the definitions say. What a kind needs (a schema that is read, the type for field ownership) is made when
first asked for, so that many definitions that nobody uses cost next to nothing.
"""
