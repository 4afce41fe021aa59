"""A small stand-in for Azure Cosmos DB: documents of one container, behind the authentication of its REST API.

`python -m tests.e2e.cosmos_standin PORT KEY` serves; `… ask HOST PORT KEY VERB PATH [BODY]` is a client. The scheme is
that of "Access control on Azure Cosmos DB resources": a signature of verb, kind and link of a resource, and date.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import sys
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import quote, unquote

VERSION, SKEW = "2018-12-31", 900.0  # of the API; seconds that clocks may differ


def signature(key: str, verb: str, kind: str, link: str, date: str) -> str:
    """What a request shows in its Authorization."""
    text = f"{verb.lower()}\n{kind.lower()}\n{link}\n{date.lower()}\n\n"
    signed = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return quote(f"type=master&ver=1.0&sig={base64.b64encode(signed).decode()}", safe="")


def resource(path: str) -> tuple[str, str]:
    """The kind and the link of what a path is about: a collection is known by what it is in."""
    parts = path.strip("/").split("/")
    return (parts[-1], "/".join(parts[:-1])) if len(parts) % 2 else (parts[-2], "/".join(parts))


def serve(port: int, key: str) -> None:
    """Until killed."""
    documents: dict[str, dict] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self._admitted():
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                documents[f"{self.path}/{document['id']}"] = document
                self._answer(201, document)

        def do_GET(self) -> None:
            if self._admitted():
                found = documents.get(self.path)
                self._answer(200 if found else 404, found or {"code": "NotFound"})

        def _admitted(self) -> bool:
            date = self.headers.get("x-ms-date", "")
            wanted = signature(key, self.command, *resource(self.path), date)
            given = self.headers.get("Authorization", "")
            fresh = bool(date) and abs((parsedate_to_datetime(date).timestamp()) - _now()) < SKEW
            if not fresh or not hmac.compare_digest(unquote(given), unquote(wanted)):
                self._answer(401, {"code": "Unauthorized"})
                return False
            return True

        def _answer(self, status: int, body: dict) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()


def ask(host: str, port: int, key: str, verb: str, path: str, body: str = "") -> None:
    """Print what the service answers."""
    date = formatdate(usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": VERSION}
    headers["Authorization"] = signature(key, verb, *resource(path), date)
    connection = http.client.HTTPConnection(host, port, timeout=5)
    connection.request(verb, path, body or None, headers)
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())


def _now() -> float:
    return parsedate_to_datetime(formatdate(usegmt=True)).timestamp()


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        ask(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
    else:
        serve(int(sys.argv[1]), sys.argv[2])
