"""podo: a Kubernetes-compatible container orchestrator. Start reading at docs/architecture.md."""

__version__ = "0.1.0"
