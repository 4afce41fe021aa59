"""An image of the machine's own PostgreSQL, with nothing but what it needs: from no registry."""

import shutil
from pathlib import Path

from tests.e2e.extending.python_image import copy_libraries

PROGRAMS = ("postgres", "initdb", "psql")
DOCKERFILE = """\
FROM scratch
COPY root /
ENV PATH=/pg/bin:/bin PGDATA=/data/db PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=2 LC_ALL=C
USER 1000:1000
"""
START = """\
[ -s $PGDATA/PG_VERSION ] || { rm -rf $PGDATA; initdb -A trust -U postgres --no-instructions >/dev/null; }
grep -q '0.0.0.0/0' $PGDATA/pg_hba.conf || echo 'host all all 0.0.0.0/0 trust' >> $PGDATA/pg_hba.conf
chmod 0700 $PGDATA  # the group of the Pod may have been given it
exec postgres -k /tmp -c listen_addresses='*' -c shared_buffers=16MB -c jit=off -c dynamic_shared_memory_type=mmap
"""


def write_context(folder: Path) -> None:
    """Fill a folder with what `podo build` makes the image of."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    version, root = binaries.parent.name, folder / "root"
    shutil.copytree(f"/usr/share/postgresql/{version}", root / f"usr/share/postgresql/{version}")
    shutil.copytree(
        binaries.parent / "lib",
        root / f"usr/lib/postgresql/{version}/lib",
        ignore=shutil.ignore_patterns("bitcode", "llvmjit*", "pgxs"),
    )
    target = root / f"usr/lib/postgresql/{version}/bin"
    target.mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(binaries / name, target / name)
        copy_libraries(binaries / name, root)
    (root / "pg").mkdir()
    (root / "pg/bin").symlink_to(f"/usr/lib/postgresql/{version}/bin")
    for name in ("bin", "etc", "data", "tmp"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("postgres:x:1000:1000::/data:/bin/sh\n")
    shutil.copy2("/bin/busybox", root / "bin/busybox")
    for applet in ("sh", "sleep", "rm", "chmod", "grep", "cat", "seq"):
        (root / "bin" / applet).symlink_to("busybox")
    (folder / "Dockerfile").write_text(DOCKERFILE)
