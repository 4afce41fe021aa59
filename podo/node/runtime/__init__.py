"""Pod sandboxes and containers, with CRI's verbs.

Read `base.py` first: the protocols; `config.py` is what goes in, `observed.py` what comes out. `crun.py` is the real
runtime (crun or runc under conmon), `fake.py` one that moves with a `Clock`; both pass the suite
`tests/contract/test_runtime.py`.
A runtime knows no Pod objects, no policy (restart, back-off, probes) and no API: that is the workers' matter.
"""
