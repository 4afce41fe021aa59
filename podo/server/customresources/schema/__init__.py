"""Structural schemas (OpenAPI v3 as Kubernetes allows it in definitions), and what they do to objects."""
