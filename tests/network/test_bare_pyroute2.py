import subprocess
import sys

PREPARE = "from podo.network import bare_pyroute2; bare_pyroute2.prepare()"
IMPORTS = "from pyroute2.iproute import IPRoute; from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket"


def said_by(*lines):
    code = "\n".join(lines)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_links_are_reached_without_what_the_package_imports():
    databases = 'import sys; print([name for name in sys.modules if name.startswith("pyroute2.ndb")])'
    assert said_by(PREPARE, IMPORTS, databases) == "[]"


def test_a_package_that_is_there_is_left_as_it_is():
    assert said_by("import pyroute2", PREPARE, IMPORTS, "print(pyroute2.IPRoute is IPRoute)") == "True"
