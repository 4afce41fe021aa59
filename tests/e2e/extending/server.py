"""What an extension of the API is made of, as one server: admission webhooks, a conversion webhook, and an API.

Runs in a Pod, on the standard library alone. Certificates are in /certificates: `server.pem`, and `front-proxy.crt`,
whose authority alone may say who a user is.
"""

import base64
import json
import ssl
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GROUP, VERSION = "wardle.example.com", "v1alpha1"
FLUNDERS = {}
VERBS = ["create", "delete", "get", "list", "watch"]
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": f"{GROUP}/{VERSION}",
    "resources": [
        {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "verbs": VERBS}
    ],
}


def mutate(request):
    """Every object gets a label."""
    labels = request["object"]["metadata"].get("labels")
    patch = [] if labels else [{"op": "add", "path": "/metadata/labels", "value": {}}]
    patch.append({"op": "add", "path": "/metadata/labels/mutated", "value": "yes"})
    encoded = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": encoded}


def validate(request):
    """Nothing may be bad; nobody may attach to a Pod."""
    if request["operation"] == "CONNECT":
        return {"allowed": False, "status": {"message": f"attaching to pod '{request['name']}' is not allowed"}}
    obj = request["object"] or request["oldObject"]
    if (obj.get("data") or obj.get("spec") or {}).get("bad") in ("yes", True):
        return {"allowed": False, "status": {"message": "this is bad", "code": 403, "reason": "Forbidden"}}
    return {"allowed": True, "warnings": ["looked at"]}


def convert(request):
    """v1 has hostPort, v2 has host and port."""
    found = []
    for obj in request["objects"]:
        spec, wanted = obj.get("spec", {}), request["desiredAPIVersion"]
        if wanted.endswith("/v2") and "hostPort" in spec:
            spec["host"], spec["port"] = spec.pop("hostPort").split(":")
        elif wanted.endswith("/v1") and "host" in spec:
            spec["hostPort"] = f"{spec.pop('host')}:{spec.pop('port')}"
        found.append({**obj, "apiVersion": wanted})
    return {"result": {"status": "Success"}, "convertedObjects": found}


def slow(request):
    time.sleep(5)
    return {"allowed": True}


REVIEWS = {"/mutate": mutate, "/validate": validate, "/convert": convert, "/slow": slow}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def fail(self, status, reason):
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status}
        self.answer(status, {**body, "message": f"{self.path}: {reason}"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        if path in REVIEWS:
            response = {"uid": body["request"]["uid"], **REVIEWS[path](body["request"])}
            self.answer(200, {"kind": body["kind"], "apiVersion": body["apiVersion"], "response": response})
            return
        user = self.user()
        if user is None:
            return
        namespace = path.split("/")[5]
        body["metadata"] |= {"namespace": namespace, "uid": "1", "resourceVersion": "1"}
        body["spec"] = {**body.get("spec", {}), "madeBy": user}
        FLUNDERS[namespace, body["metadata"]["name"]] = body
        self.answer(201, body)

    def do_GET(self):
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/healthz":
            self.answer(200, {})
        elif self.user() is None:
            return
        elif path == f"/apis/{GROUP}/{VERSION}":
            self.answer(200, RESOURCES)
        elif path.startswith(f"/apis/{GROUP}/{VERSION}/"):
            self.show(path.split("/")[4:])
        else:
            self.fail(404, "NotFound")

    def show(self, parts):
        namespace, name = (parts[1] if len(parts) > 2 else ""), (parts[3] if len(parts) > 3 else "")
        if name:
            found = FLUNDERS.get((namespace, name))
            self.answer(200, found) if found else self.fail(404, "NotFound")
            return
        items = [found for (place, _), found in FLUNDERS.items() if namespace in ("", place)]
        if "watch=" in self.path:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.end_headers()
            for item in items:
                self.wfile.write(json.dumps({"type": "ADDED", "object": item}).encode() + b"\n")
            self.wfile.flush()
            time.sleep(3)
            self.close_connection = True
            return
        kind = {"kind": "FlunderList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {"resourceVersion": "1"}}
        self.answer(200, {**kind, "items": items})

    def do_DELETE(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.user() is None:
            return
        parts = self.path.partition("?")[0].split("/")
        found = FLUNDERS.pop((parts[5], parts[7]), None)
        self.answer(200, found) if found else self.fail(404, "NotFound")

    def user(self):
        """Who asks, if the front proxy says so; else the answer is given."""
        certificate = self.connection.getpeercert() or {}
        names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
        if names != ["front-proxy-client"]:
            self.fail(401, "Unauthorized")
            return None
        return self.headers["X-Remote-User"]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/certificates/server.pem")
    context.load_verify_locations("/certificates/front-proxy.crt")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = ThreadingHTTPServer(("", 8443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
