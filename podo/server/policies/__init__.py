"""CEL at admission: match conditions, and policies that validate and mutate (KEP-3488, KEP-3962).

`declarations.py` and `scope.py` compile; `activation.py` holds a request as expressions see it; `evaluation.py` runs
them within a budget. `validating.py` and `mutating.py` are the two admission plug-ins.
"""
