"""Roles, identities and certificates, and the API by other ways than verbs on objects."""

import json
import socket
import subprocess
import urllib.request

import pytest

from tests.e2e.manifests import IMAGE, PORT, config_map

pytestmark = pytest.mark.e2e


def role(kubectl, *verbs: str) -> str:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
    metadata = {"name": "reader", "namespace": kubectl.namespace}
    return json.dumps(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    )


def verbs(kubectl):
    return sorted(verb for rule in kubectl.get("role", "reader")["rules"] for verb in rule["verbs"])


def test_reconcile_adds_rules_and_takes_away_only_on_demand(kubectl):
    reconcile = "auth", "reconcile", "-f", "-"
    assert "role.rbac.authorization.k8s.io/reader reconciled" in kubectl(*reconcile, stdin=role(kubectl, "get"))
    kubectl(*reconcile, stdin=role(kubectl, "list"))
    assert verbs(kubectl) == ["get", "list"]
    kubectl(*reconcile, "--remove-extra-permissions", stdin=role(kubectl, "list"))
    assert verbs(kubectl) == ["list"]


def test_subjects_are_added_to_a_binding(kubectl):
    kubectl("create", "rolebinding", "views", "--clusterrole=view", "--user=jo")
    assert "subjects updated" in kubectl("set", "subject", "rolebinding/views", "--user=ann", "--group=devs")
    assert {s["name"] for s in kubectl.get("rolebinding", "views")["subjects"]} == {"jo", "ann", "devs"}
    assert kubectl("auth", "can-i", "list", "pods", "--as=ann") == "yes\n"


def test_whoami_shows_whom_the_user_stands_for(kubectl):
    said = kubectl("auth", "whoami", "-o", "json", "--as=jo", "--as-group=devs", "--as-uid=7")
    info = json.loads(said)["status"]["userInfo"]
    assert (info["username"], info["uid"]) == ("jo", "7")
    assert {"devs", "system:authenticated"} <= set(info["groups"])


def test_a_certificate_is_requested_approved_and_opens_the_api(kubectl, tmp_path):
    name, key = kubectl.namespace, tmp_path / "key.pem"
    command = (
        f"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -subj /O=devs/CN=jo"
    )
    request = subprocess.run(command.split(), capture_output=True, check=True).stdout
    spec = {"request": base64(request), "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name}}
    try:
        kubectl("create", "-f", "-", stdin=json.dumps(kind | {"spec": spec}))
        assert "Pending" in kubectl("get", "csr", name)
        assert f"{name} approved" in kubectl("certificate", "approve", name)
        kubectl.wait("jsonpath={.status.certificate}", f"csr/{name}")
        assert "Approved,Issued" in kubectl("get", "csr", name)
        certificate = tmp_path / "certificate.pem"
        certificate.write_bytes(unbase64(kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}")))
        shown = kubectl(
            *("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"),
            *(f"--client-certificate={certificate}", f"--client-key={key}"),
            env=anonymous(kubectl, tmp_path),
        )
        assert shown == "jo"
    finally:
        kubectl("delete", "csr", name, "--ignore-not-found")


def base64(data: bytes) -> str:
    return subprocess.run(["base64", "-w0"], input=data, capture_output=True, check=True).stdout.decode()


def unbase64(text: str) -> bytes:
    return subprocess.run(["base64", "-d"], input=text.encode(), capture_output=True, check=True).stdout


def anonymous(kubectl, folder) -> dict[str, str]:
    """An environment whose kubeconfig says where the server is, and nothing of who asks."""
    config = folder / "kubeconfig"
    config.write_text(kubectl.kubeconfig.read_text())
    kubectl("config", "unset", "users", env={"KUBECONFIG": str(config)})
    return {"KUBECONFIG": str(config)}


def test_the_proxy_lends_the_users_credentials(kubectl):
    kubectl("create", "configmap", "a", "--from-literal=k=v")
    with kubectl.start("proxy", "--port=0") as proxy:
        port = proxy.expect(r"Starting to serve on 127\.0\.0\.1:(\d+)").group(1)
        path = f"/api/v1/namespaces/{kubectl.namespace}/configmaps/a"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            assert json.load(answer)["data"] == {"k": "v"}


def test_the_proxy_listens_on_a_unix_socket_too(kubectl, tmp_path):
    path = tmp_path / "proxy.sock"
    with kubectl.start("proxy", f"--unix-socket={path}") as proxy:
        proxy.expect("Starting to serve on ")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /api/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["versions"] == ["v1"]


def test_a_replication_controller_is_exposed_and_its_service_exposed_again(kubectl):
    container = {"name": "main", "image": IMAGE, "ports": [{"containerPort": PORT}]}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"app": "db"}, "template": template}
    kubectl.apply({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "db"}, "spec": spec})
    assert (
        kubectl("expose", "rc", "db", "--name=rm2", "--port=1234", f"--target-port={PORT}") == "service/rm2 exposed\n"
    )
    kubectl("expose", "service", "rm2", "--name=rm3", "--port=2345", f"--target-port={PORT}")
    for name, port in (("rm2", 1234), ("rm3", 2345)):
        kubectl.wait("jsonpath={.subsets[0].addresses}", f"endpoints/{name}")
        assert kubectl.get("service", name)["spec"]["ports"][0]["port"] == port
        assert kubectl.get("endpoints", name)["subsets"][0]["ports"][0]["port"] == PORT


def test_raw_paths_can_be_written(kubectl):
    path = f"/api/v1/namespaces/{kubectl.namespace}/configmaps"
    made = json.loads(kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(config_map("a", k="1"))))
    assert made["metadata"]["uid"]
    made["data"]["k"] = "2"
    kubectl("replace", "--raw", f"{path}/a", "-f", "-", stdin=json.dumps(made))
    assert kubectl.get("configmap", "a")["data"] == {"k": "2"}
    assert json.loads(kubectl("delete", "--raw", f"{path}/a"))["status"] == "Success"


def test_events_of_one_object_alone_and_of_one_type(kubectl):
    kubectl("create", "deployment", "web", "--image=hello:v1")
    kubectl.rolled_out("deployment/web")
    kubectl("create", "deployment", "other", "--image=hello:v1")
    said = kubectl("events", "--for=deployment/web", "--types=Normal")
    assert "ScalingReplicaSet" in said
    assert "other" not in said
    assert "No events found" in kubectl.try_("events", "--for=deployment/web", "--types=Warning").stderr


def test_the_keys_of_tokens_can_be_fetched_from_where_pods_are(kubectl):
    found = json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))
    endpoint = kubectl.within("default").get("endpoints", "kubernetes")["subsets"][0]
    address, port = endpoint["addresses"][0]["ip"], endpoint["ports"][0]["port"]
    assert found["jwks_uri"] == f"https://{address}:{port}/openid/v1/jwks"
