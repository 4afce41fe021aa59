"""logs, exec, cp, attach, port-forward, debug: into the containers."""

import http.client
import json

import pytest

from tests.e2e.manifests import pod, web

pytestmark = pytest.mark.e2e


def test_logs_of_a_container_from_any_end(kubectl):
    kubectl.apply(pod("a", "for i in 1 2 3; do echo line $i; done; echo err >&2; sleep 3600"))
    kubectl.ready("pod/a")
    with kubectl.start("logs", "-f", "a") as logs:
        logs.expect("err")
    assert kubectl("logs", "a").splitlines()[:3] == ["line 1", "line 2", "line 3"]
    assert len(kubectl("logs", "a", "--tail=2").splitlines()) == 2
    assert kubectl("logs", "a", "--limit-bytes=6") == "line 1"
    stamp, text = kubectl("logs", "a", "--timestamps").splitlines()[0].split(" ", 1)
    assert text == "line 1"
    assert stamp.startswith("20")
    assert kubectl("logs", "a", "--since=1h") == kubectl("logs", "a")


def test_logs_follow_until_the_container_ends(kubectl):
    kubectl.apply(pod("a", "for i in 1 2 3; do echo line $i; sleep 0.3; done", restartPolicy="Never"))
    kubectl.wait("jsonpath={.status.phase}", "pod/a")
    with kubectl.start("logs", "-f", "a", "--pod-running-timeout=20s") as logs:
        logs.expect("line 3")
        assert logs.end() == 0


def test_logs_of_the_container_before(kubectl):
    script = "echo x >>/v/lives; echo life $(wc -l </v/lives); test $(wc -l </v/lives) = 2 || exit 1; sleep 3600"
    kubectl.apply(pod("a", script, **shared()))
    kubectl.wait("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/a")
    kubectl.ready("pod/a")
    assert kubectl("logs", "a", "--previous") == "life 1\n"
    assert kubectl("logs", "a") == "life 2\n"


def shared() -> dict:
    """A volume at /v that outlives containers."""
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    return {"container": mounts, "volumes": [{"name": "v", "emptyDir": {}}]}


def test_logs_of_several_pods_by_label_with_their_names(kubectl):
    kubectl.apply(*(labelled(pod(n, f"echo from {n}; sleep 3600")) for n in ("a", "b")))
    kubectl.ready("pod/a", "pod/b")
    with kubectl.start("logs", "-f", "-l", "set=s", "--prefix") as logs:
        logs.expect(r"\[pod/a/main\] from a")
        logs.expect(r"\[pod/b/main\] from b")


def labelled(made: dict) -> dict:
    made["metadata"]["labels"] = {"set": "s"}
    return made


def test_logs_that_cannot_be_had_say_why(kubectl):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    assert "container nope is not valid for pod a" in kubectl.refusal("logs", "a", "-c", "nope")
    assert "previous terminated container" in kubectl.refusal("logs", "a", "--previous")


def test_exec_keeps_streams_and_the_exit_status_apart(kubectl):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    ended = kubectl.try_("exec", "a", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ended.status, ended.stdout) == (3, "out\n")
    assert ended.stderr == "err\ncommand terminated with exit code 3\n"
    assert kubectl("exec", "-i", "a", "--", "sh", stdin="echo got $((1+1))") == "got 2\n"
    big = "x" * 300_000
    assert kubectl("exec", "-i", "a", "--", "wc", "-c", stdin=big).strip() == str(len(big))
    assert "not found" in kubectl.refusal("exec", "a", "--", "no-such-command")


def test_exec_on_a_terminal_behaves_like_one(kubectl):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    with kubectl.on_terminal("exec", "-it", "a", "--", "sh", rows=30, columns=100) as shell:
        shell.expect(r"# ")
        shell.type("tty; stty size; echo $TERM-end\n")
        shell.expect(r"/dev/pts/\d+")
        shell.expect(r"30 100")
        shell.resize(40, 120)
        shell.type("while [ \"$(stty size)\" = '30 100' ]; do :; done; stty size\n")
        shell.expect(r"40 120\r")
        shell.type("sh -c 'echo rea''dy; cat'\n")
        shell.expect("^ready")  # what it printed, not the echo of what was typed
        shell.type("\x03")
        shell.expect(r"\^C[^^]*# ")  # what is typed before the prompt is back, an interrupt throws away
        shell.type("exit 7\n")
        assert shell.end() == 7


def test_copies_go_in_and_out(kubectl, tmp_path):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    source = tmp_path / "tree"
    (source / "deep").mkdir(parents=True)
    (source / "deep/file").write_bytes(bytes(range(256)) * 4000)
    kubectl("cp", str(source), "a:/tree")
    kubectl("exec", "a", "--", "test", "-f", "/tree/deep/file")
    kubectl("cp", "a:/tree", str(tmp_path / "back"))
    assert (tmp_path / "back/deep/file").read_bytes() == (source / "deep/file").read_bytes()


def test_attach_joins_the_process_that_runs(kubectl):
    script = 'while read line; do echo "got $line"; done'
    kubectl.apply(pod("a", script, container={"stdin": True}))
    kubectl.ready("pod/a")
    with kubectl.start("attach", "-i", "a") as attached:
        attached.type("one\n")
        attached.expect("got one")
    with kubectl.start("attach", "-i", "a") as again:
        again.type("two\n")
        again.expect("got two")
    assert kubectl("logs", "a").splitlines() == ["got one", "got two"]


def test_attach_on_a_terminal(kubectl):
    kubectl.apply(pod("a", "exec sh", container={"stdin": True, "tty": True}))
    kubectl.ready("pod/a")
    with kubectl.on_terminal("attach", "-it", "a") as shell:
        shell.type("\n")
        shell.expect("# ")
        shell.type("echo $((6*7))\n")
        shell.expect("^42")


def ask(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/cgi-bin/index.cgi")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_ports_are_forwarded_to_pods_and_services(kubectl):
    kubectl.apply(web("a"))
    kubectl.ready("pod/a")
    kubectl("expose", "pod", "a", "--port=80", "--target-port=8080")
    for target, port in (("pod/a", 8080), ("service/a", 80)):
        with kubectl.start("port-forward", target, f":{port}") as forward:
            local = int(forward.expect(r"Forwarding from 127.0.0.1:(\d+) -> 8080").group(1))
            for _ in range(3):
                assert "hello v1 from pod" in ask(local)


def test_forwarding_to_a_closed_port_says_so(kubectl):
    kubectl.apply(web("a"))
    kubectl.ready("pod/a")
    with kubectl.start("port-forward", "pod/a", ":81") as forward:
        local = int(forward.expect(r"Forwarding from 127.0.0.1:(\d+)").group(1))
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(local)
        forward.expect("(?i)error|refused")


def test_debug_adds_a_container_that_sees_its_targets_processes(kubectl):
    kubectl.apply(pod("a", "exec sleep 4321"))
    kubectl.ready("pod/a")
    command = ["debug", "a", "--image=hello:v1", "--target=main", "--container=look", "-i", "--", "sh", "-c"]
    with kubectl.start(*command, "sleep 1; ps; echo done") as debug:
        debug.expect("done")
    assert "sleep 4321" in kubectl("logs", "a", "-c", "look")
    assert kubectl.get("pod", "a")["spec"]["ephemeralContainers"][0]["targetContainerName"] == "main"


def test_debug_makes_a_copy_of_a_pod(kubectl):
    kubectl.apply(pod("a"))
    kubectl.ready("pod/a")
    kubectl(
        "debug", "a", "--copy-to=b", "--container=main", "--image=hello:v2", "--attach=false", "--", "sleep", "3600"
    )
    kubectl.ready("pod/b")
    found = kubectl.get("pod", "b")["spec"]["containers"][0]
    assert (found["image"], found["command"]) == ("hello:v2", ["sleep", "3600"])


def test_debug_a_node_from_a_pod_in_its_namespaces(kubectl):
    with kubectl.start(
        "debug", "node/node-1", "-i", "--image=hello:v1", "--", "sh", "-c", "sleep 1; hostname; ls /host"
    ) as debug:
        debug.expect("^node-1")
        debug.expect("^etc")
    made = json.loads(kubectl("get", "pods", "-o", "json"))["items"][0]["spec"]
    assert (made["nodeName"], made["hostNetwork"], made["hostPID"]) == ("node-1", True, True)
