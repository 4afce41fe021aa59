"""How patches fail, as a client sees it. What Kubernetes leaves unclassified is a 500 whose message names the cause."""

from podo.api.errors import APIError, BadRequest, Invalid, RequestEntityTooLarge

MAX_JSON_PATCH_OPERATIONS = 10_000


def unclassified(message: str) -> APIError:
    """A failure that the API answers with code 500, no reason, and this message."""
    error = APIError(message)
    error.reason = ""
    return error


def rejected() -> Invalid:
    """A patch that is well formed and does not fit the object; the cause is not told to clients."""
    return Invalid("the server rejected our request due to an error in our request", name="")


def bad_request(message: str) -> BadRequest:
    """A patch that cannot be read."""
    return BadRequest(message)


def too_many_operations(count: int) -> RequestEntityTooLarge:
    """A JSON patch over the limit."""
    return RequestEntityTooLarge(
        "Request entity too large: The allowed maximum operations in a JSON patch is "
        f"{MAX_JSON_PATCH_OPERATIONS}, got {count}"
    )
