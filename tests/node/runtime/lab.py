"""A runtime with what a test needs around it: an image, a folder for logs, programs that answer."""

from dataclasses import dataclass

from podo.node.runtime.base import Runtime
from podo.node.runtime.fake import FakeRuntime


@dataclass
class Lab:
    runtime: Runtime
    image: str
    logs: str = ""

    def log_directory(self, name: str) -> str:
        return f"{self.logs}/default_{name}_uid-{name}" if self.logs else ""

    async def settled(self, container_id: str) -> None:
        """Wait until a shell that was just started has set its trap."""

    async def echo_server(self, sandbox: str, container, port: int) -> None:
        assert isinstance(self.runtime, FakeRuntime)
        self.runtime.listening.add((sandbox, port))
