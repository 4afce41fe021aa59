"""The Python clients of Kubernetes, unmodified: each runs a scenario of its own against a real cluster."""
