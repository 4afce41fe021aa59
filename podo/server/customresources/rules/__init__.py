"""Validation rules of custom resources (x-kubernetes-validations, KEP-2876): types of a schema, compiling, checking."""
