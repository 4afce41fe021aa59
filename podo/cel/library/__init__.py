"""The functions that Kubernetes gives CEL, one module a library."""
