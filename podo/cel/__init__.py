"""The Common Expression Language as Kubernetes speaks it: parse, check, estimate, run.

Nothing here knows API objects or the server. `Environment` is the way in: it holds variables, types and functions,
and compiles an expression to a `Program`. Source of the language: the CEL specification; of the libraries and of the
costs: KEP-2876 and what kube-apiserver v1.36 answers.
"""
