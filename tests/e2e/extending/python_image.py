"""An image of the machine's own Python, with nothing but what it needs: from no registry, and small."""

import re
import shutil
import subprocess
from pathlib import Path

PYTHON = Path("/usr/bin/python3")
ASK = "import sys, sysconfig; print(sys.version_info[1]); print(sysconfig.get_path('stdlib'))"
LEFT_OUT = ("test", "idlelib", "tkinter", "ensurepip", "lib2to3", "__pycache__", "dist-packages", "config-*", "*.a")
LIBRARY = re.compile(r"(/\S+) \(0x")
DOCKERFILE = """\
FROM scratch
COPY root /
COPY server.py /server.py
ENV PATH=/usr/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENTRYPOINT ["/usr/bin/python3", "/server.py"]
"""


def write_context(folder: Path, server: Path) -> None:
    """Fill a folder with what `podo build` makes the image of; `server` is the program that it runs."""
    root = folder / "root"
    asked = subprocess.run([PYTHON, "-c", ASK], check=True, capture_output=True, text=True)
    _, library = asked.stdout.split()
    stdlib = Path(library)
    shutil.copytree(stdlib, root / stdlib.relative_to("/"), ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=False)
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy2(PYTHON.resolve(), root / "usr/bin/python3")
    for needed in [PYTHON.resolve(), *sorted((stdlib / "lib-dynload").glob("*.so"))]:
        copy_libraries(needed, root)
    (root / "tmp").mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    shutil.copy2(server, folder / "server.py")


def copy_libraries(program: Path, root: Path) -> None:
    """Copy the libraries that a program needs to where it finds them below another root."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    for path in map(Path, LIBRARY.findall(listed)):
        target = root / path.relative_to("/")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path.resolve(), target)
