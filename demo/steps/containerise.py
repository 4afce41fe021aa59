"""An application and a Dockerfile become an image."""

from demo.stage import Stage

TITLE = "Containerise: podo build -t hello:v1 examples/hello (and v2, v3)"


def run(stage: Stage) -> str:
    for version in ("v1", "v2", "v3"):
        stage.podo("build", "-t", f"hello:{version}", "--build-arg", f"VERSION={version}", "examples/hello")
    listed = stage.podo("image", "ls")
    return f"{listed.count('hello')} images, no registry"
