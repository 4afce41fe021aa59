"""podo setup: install what this machine misses."""

from podo.cli.output import note


def setup() -> None:
    """Install the system packages that podo doctor misses."""
    from podo.cluster.doctor import examine, missing_packages
    from podo.cluster.setup import install

    packages = missing_packages(examine())
    if not packages:
        note("nothing is missing")
        return
    note(f"installing {', '.join(packages)}")
    install(packages)
    left = [f for f in examine() if not f.ok]
    for finding in left:
        note(f"still not well: {finding.name}: {finding.detail}; {finding.fix}")
    raise SystemExit(1 if left else 0)
