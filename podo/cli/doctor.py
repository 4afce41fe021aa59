"""podo doctor: what this machine misses."""

from dataclasses import asdict

from podo.cli.output import Format, Output, note, show


def doctor(output: Output = Format.TABLE) -> None:
    """Check everything that podo needs of this machine, and say how to mend what is missing."""
    from podo.cluster.doctor import ESSENTIAL, examine

    findings = examine()
    rows = [asdict(f) | {"state": "ok" if f.ok else "missing" if f.name in ESSENTIAL else "limited"} for f in findings]
    show(rows, ("name", "state", "detail", "fix"), output)
    if any(r["state"] == "missing" for r in rows):
        note("podo cannot start a cluster here yet: do what stands under FIX, or run podo setup")
        raise SystemExit(1)
