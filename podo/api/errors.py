"""Every failure that may reach a client. One class is one Status reason."""

from collections.abc import Mapping
from typing import Any


class APIError(Exception):
    """Base, and the answer for a bug of ours."""

    reason: str = "InternalError"
    code: int = 500
    always_details: bool = False
    """Whether the Status has `details` even where there are none."""

    def __init__(self, message: str, /, **details: Any) -> None:
        """`details` are the fields of StatusDetails: name, group, kind, uid, causes, retryAfterSeconds."""
        super().__init__(message)
        self.details = details
        self.metadata: dict[str, Any] = {}
        """The ListMeta of the Status; `continue` where a list may go on despite the failure."""

    def status(self) -> dict[str, Any]:
        """The metav1.Status body for this failure."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        body |= {"message": str(self)}
        if self.reason:
            body["reason"] = self.reason
        if self.details or self.always_details:
            body["details"] = {k: v for k, v in self.details.items() if v not in ("", None)}  # may be left empty
        return body | {"code": self.code}


class BadRequest(APIError):
    reason, code = "BadRequest", 400


class Unauthorized(APIError):
    reason, code = "Unauthorized", 401


class Forbidden(APIError):
    reason, code = "Forbidden", 403
    always_details = True


class NotFound(APIError):
    reason, code = "NotFound", 404
    always_details = True


class MethodNotAllowed(APIError):
    reason, code = "MethodNotAllowed", 405
    always_details = True


class NotAcceptable(APIError):
    reason, code = "NotAcceptable", 406


class AlreadyExists(APIError):
    reason, code = "AlreadyExists", 409
    always_details = True


class Conflict(APIError):
    reason, code = "Conflict", 409
    always_details = True


class Gone(APIError):
    reason, code = "Gone", 410


class Expired(APIError):
    reason, code = "Expired", 410


class RequestEntityTooLarge(APIError):
    reason, code = "RequestEntityTooLarge", 413


class UnsupportedMediaType(APIError):
    reason, code = "UnsupportedMediaType", 415


class Invalid(APIError):
    reason, code = "Invalid", 422
    always_details = True


class TooManyRequests(APIError):
    reason, code = "TooManyRequests", 429
    always_details = True


class ServerTimeout(APIError):
    reason, code = "ServerTimeout", 500
    always_details = True


class ServiceUnavailable(APIError):
    reason, code = "ServiceUnavailable", 503


class Timeout(APIError):
    reason, code = "Timeout", 504
    always_details = True


BY_REASON: dict[str, type[APIError]] = {cls.reason: cls for cls in APIError.__subclasses__()}  # all live in this file


def from_status(body: Mapping[str, Any]) -> APIError:
    """The client's side: rebuild the class. An unknown reason keeps its own words."""
    cls = BY_REASON.get(body.get("reason", ""), APIError)
    error = cls(body.get("message", ""), **body.get("details") or {})
    error.reason, error.code = body.get("reason", cls.reason), body.get("code", cls.code)
    return error


def is_terminating(error: BaseException) -> bool:
    """Whether a create was refused because its namespace is being deleted: nothing to do, nothing to report."""
    if not isinstance(error, Forbidden):
        return False
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())
