"""Questions about who someone is: SelfSubjectReview and TokenReview."""

from collections.abc import Sequence

from podo.api.errors import BadRequest, Unauthorized
from podo.api.timestamps import format_time
from podo.server.authentication.base import Authenticator, Credentials, ForAudiences, InvalidToken
from podo.server.authentication.union import authenticated
from podo.server.context import Context, User
from podo.server.decoding.objects import Kind
from podo.server.fields import owned
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

GROUP = "authentication.k8s.io"


def user_info(user: User) -> Object:
    """A user as reviews show it."""
    info: Object = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {name: list(values) for name, values in user.extra.items()}
    return info


class SelfReviews:
    """Who am I?"""

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        head = {"kind": served.resource.kind, "apiVersion": served.resource.api_version}
        metadata = {"creationTimestamp": format_time(ctx.now)}
        return head | {"metadata": metadata, "status": {"userInfo": user_info(ctx.user)}}


class TokenReviews:
    """Whose token is this?"""

    def __init__(self, tokens: Sequence[Authenticator], own_audiences: tuple[str, ...]) -> None:
        """`own_audiences` are those of the API itself, which is meant where a review names none."""
        self._tokens, self._own = tuple(tokens), own_audiences

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        """The review with its answer. Raises BadRequest."""
        obj = owned(obj, Kind(GROUP, "v1", served.resource.kind), ctx)
        spec = obj.get("spec") or {}
        if not spec.get("token"):
            raise BadRequest("token is required for TokenReview in authentication")
        audiences = tuple(spec.get("audiences") or self._own)
        status: Object = {}
        try:
            found = await self._whose(spec["token"], audiences)
        except InvalidToken as error:
            status, found = {"user": {}, "error": f"[invalid bearer token, {error}]"}, None
        if found is not None:
            user, matching = found
            status = {"authenticated": True, "user": user_info(user)} | ({"audiences": matching} if matching else {})
        return obj | {"status": status}

    async def _whose(self, token: str, audiences: tuple[str, ...]) -> tuple[User, tuple[str, ...]] | None:
        credentials = Credentials(token=token)
        for authenticator in self._tokens:
            if isinstance(authenticator, ForAudiences):
                if (judged := await authenticator.judge(token, audiences)) is not None:
                    return authenticated(judged[0]), judged[1]
                continue
            try:
                user = await authenticator.authenticate(credentials)
            except Unauthorized as error:
                raise InvalidToken(str(error)) from error
            matching = tuple(a for a in audiences if a in self._own)
            if user is not None and (matching or not audiences):
                return authenticated(user), matching
        raise InvalidToken("token lookup failed")
