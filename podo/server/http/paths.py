"""What is served beside resources: health, version, metrics, and how to verify service account tokens."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from podo.api.errors import MethodNotAllowed
from podo.server.answer import Answer, json_answer, text_answer
from podo.server.authentication.service_account import Issuer
from podo.server.counting import head
from podo.server.http.handler import PathHandler, PathRequest
from podo.server.http.negotiation import JSON, accepts_json, not_acceptable

Check = Callable[[], bool]
KUBERNETES = "v1.36.2"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": f"{KUBERNETES}+podo",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": f"python{platform.python_version()}",
    "compiler": platform.python_implementation().lower(),
    "platform": f"linux/{MACHINES.get(platform.machine(), platform.machine())}",
}
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
Source = Callable[[], Iterator[str]]
"""Lines of metrics."""
JWKS = "application/jwk-set+json"


def health(name: str, checks: Sequence[tuple[str, Check]]) -> dict[str, PathHandler]:
    """`/healthz` and the like: all checks together (with `?verbose` one a line), and each by itself below it."""

    async def together(request: PathRequest) -> Answer:
        skipped = request.query.get("exclude", "")
        results = [(check, check == skipped or good()) for check, good in checks]
        passed = all(good for _, good in results)
        if passed and "verbose" not in request.query:
            return text_answer("ok")
        lines = [
            f"[{'+' if good else '-'}]{check} {'ok' if good else 'failed: reason withheld'}" for check, good in results
        ]
        end = f"{name} check {'passed' if passed else 'failed'}\n"
        return text_answer("\n".join([*lines, end]), 200 if passed else 500)

    def single(good: Check) -> PathHandler:
        async def one(request: PathRequest) -> Answer:
            return text_answer("ok") if good() else text_answer("internal server error: failed\n", 500)

        return one

    return {f"/{name}": together} | {f"/{name}/{check}": single(good) for check, good in checks}


def only_get(handler: PathHandler) -> PathHandler:
    """The handler, with other methods refused."""

    async def checked(request: PathRequest) -> Answer:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        return await handler(request)

    return checked


async def version(request: PathRequest) -> Answer:
    """What the server is; clients ask at `/version` and at `/version/`. Raises MethodNotAllowed, NotAcceptable."""
    if request.path.rstrip("/") != "/version":
        return text_answer("404 page not found\n", 404)
    if request.method != "GET":
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    if not accepts_json(request.headers.get("Accept", "")):
        raise not_acceptable(JSON)
    return Answer(200, msgspec.json.format(msgspec.json.encode(VERSION)))


def index(paths: Callable[[], Iterable[str]]) -> PathHandler:
    """`/`: the paths that there are, but for those of resources."""

    async def show(request: PathRequest) -> Answer:
        if request.path not in ("/", "/index.html"):
            return text_answer("404 page not found\n", 404)
        return json_answer({"paths": sorted(paths())})

    return show


def metrics(sources: Sequence[Source]) -> PathHandler:
    """What the server counts, in the text form of Prometheus."""

    async def show(request: PathRequest) -> Answer:
        text = "".join(line for source in sources for line in source())
        return Answer(200, text.encode(), PROMETHEUS)

    return show


def slis(checks: Mapping[str, Sequence[tuple[str, Check]]]) -> PathHandler:
    """The health checks of each kind (healthz, livez, readyz) as metrics."""
    counts: dict[tuple[str, str, str], int] = {}

    async def show(request: PathRequest) -> Answer:
        lines = [*head("kubernetes_healthcheck", "gauge", "Whether a health check passes.")]
        for kind, named in checks.items():
            for name, good in named:
                passes = good()
                lines.append(f'kubernetes_healthcheck{{name="{name}",type="{kind}"}} {int(passes)}\n')
                key = (name, "success" if passes else "error", kind)
                counts[key] = counts.get(key, 0) + 1
        lines += head("kubernetes_healthchecks_total", "counter", "Health checks by result.")
        for (name, status, kind), count in counts.items():
            labels = f'name="{name}",status="{status}",type="{kind}"'
            lines.append(f"kubernetes_healthchecks_total{{{labels}}} {count}\n")
        return Answer(200, "".join(lines).encode(), PROMETHEUS)

    return only_get(show)


def token_issuer(issuer: Issuer, jwks_url: str) -> dict[str, PathHandler]:
    """OpenID Connect discovery (KEP-1393)."""
    described = {"response_types_supported": ["id_token"], "subject_types_supported": ["public"]}

    async def discovery(request: PathRequest) -> Answer:
        algorithms = {"id_token_signing_alg_values_supported": [issuer.key.algorithm]}
        return json_answer({"issuer": issuer.name, "jwks_uri": jwks_url} | described | algorithms)

    async def keys(request: PathRequest) -> Answer:
        return json_answer({"keys": [issuer.key.public_jwk()]})._replace(media_type=JWKS)

    return {"/.well-known/openid-configuration": only_get(discovery), "/openid/v1/jwks": only_get(keys)}
