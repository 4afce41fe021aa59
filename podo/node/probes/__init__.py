"""Probes: asking containers how they are.

`checks.py` runs one check (`http.py`, `tcp.py`, `grpc.py`, exec by the runtime), `tally.py` counts results against
thresholds (pure), `prober.py` schedules the probes of a Pod's containers by the clock.
"""
