"""The demonstration: every promise of podo, shown on a real cluster. `python -m demo`, or `make demo`.

A step is one module of `demo/steps/` with a `TITLE` and a `run(stage)` that returns what was shown, in a few words;
it raises `Broken` when the promise is not kept. `demo/__main__.py` has the literal list of steps.
"""
