"""pyroute2 without what its package imports: databases, Plan 9, wireless and Ethernet tools, which nobody here uses.

They are half of what it costs in memory and time, in each process that touches links.
"""

import importlib.util
import sys


def prepare() -> None:
    """Have `import pyroute2.x` load x and what x needs; nothing if the package is loaded already."""
    if "pyroute2" not in sys.modules and (spec := importlib.util.find_spec("pyroute2")) is not None:
        spec.loader = None  # a module of this has the package's path, and its code is not run
        sys.modules.setdefault("pyroute2", importlib.util.module_from_spec(spec))
