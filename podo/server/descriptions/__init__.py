"""What types, fields, parameters and columns mean, in a sentence each: for OpenAPI documents and Tables.

One text file a package of types (`core.v1.txt`), and one a group that podo serves by definitions
(`snapshot.storage.k8s.io.txt`: fields by the ends of their paths); beside them `shared.txt` (what many types have),
`named.txt` (scalars that OpenAPI gives a name), `operations.txt`, `parameters.txt` and `columns.txt`. `texts.py` reads
them: when a document is made, not before. A line is `Name: text`, or indented below it `part: text`; a name may have
a star.
"""
