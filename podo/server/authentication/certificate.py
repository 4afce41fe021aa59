"""A client certificate: its common name is the user, its organizations are the groups."""

from functools import lru_cache

from podo.server.authentication.base import Credentials
from podo.server.context import User


class CertificateAuthenticator:
    """TLS has verified the certificate against the cluster's CA already."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        return _user(credentials.common_name, credentials.organizations) if credentials.common_name else None


@lru_cache(maxsize=4096)
def _user(name: str, groups: tuple[str, ...]) -> User:
    return User(name, groups=(*groups, *(() if "system:authenticated" in groups else ("system:authenticated",))))
