"""HTTP: the only place that knows the HTTP library. Read `handler.py` first: the chain that every request goes through.

`request_info.py` says what a path means, `query.py` what its parameters do, `negotiation.py` in which form answers go
out; `resources.py` and `watching.py` answer, `serving.py` listens.
"""

import os


def _import_library() -> None:
    """Import aiohttp without the system's certificate authorities, which it loads for a client that we do not use.

    That takes as long as all the rest of it. Whoever connects to other servers from here names their authority.
    """
    names = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
    before = {name: os.environ.get(name) for name in names}
    os.environ |= names
    try:
        import aiohttp  # noqa: F401
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_import_library()
