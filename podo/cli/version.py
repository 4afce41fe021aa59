"""podo version: of podo and of the API that it serves."""

from podo import __version__


def version() -> None:
    """Print the versions of podo and of the Kubernetes API that it serves."""
    print(f"podo {__version__} (Kubernetes API v1.36)")
