"""Which nodes have which images, as their status lists them: what image locality looks at."""

from podo.api.types.core_v1 import ContainerImage, Node


class NodeImages:
    """Images by the names that nodes give them: the size on each row that has one."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[int, int]] = {}
        self._by_row: dict[int, tuple[ContainerImage, ...]] = {}

    def set_node(self, row: int, node: Node) -> None:
        """A node in a row appeared or changed."""
        images = node.status.images
        if images == self._by_row.get(row, ()):
            return
        self.remove_node(row)
        self._by_row[row] = images
        for image in images:
            for name in image.names:
                self._by_name.setdefault(name, {})[row] = image.size_bytes or 0

    def remove_node(self, row: int) -> None:
        """The row is no node any more."""
        for image in self._by_row.pop(row, ()):
            for name in image.names:
                if (rows := self._by_name.get(name)) is not None:
                    rows.pop(row, None)
                    if not rows:
                        del self._by_name[name]

    def sizes(self, image: str) -> dict[int, int]:
        """The size in bytes on each row that has the image; a name without a tag means `:latest`."""
        return self._by_name.get(image if image.rfind(":") > image.rfind("/") else f"{image}:latest", {})
