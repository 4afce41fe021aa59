"""Visit every node of a tree."""

from collections.abc import Iterator

from ..syntax.tree import Call, Comprehension, ListLiteral, MapLiteral, Node, Select, StructLiteral


def children(node: Node) -> list[Node]:
    """The nodes right below a node."""
    if isinstance(node, Select):
        return [node.operand]
    if isinstance(node, Call):
        return [*([node.target] if node.target else []), *node.args]
    if isinstance(node, ListLiteral):
        return node.elements
    if isinstance(node, MapLiteral):
        return [part for entry in node.entries for part in (entry.key, entry.value)]
    if isinstance(node, StructLiteral):
        return [field.value for field in node.fields]
    if isinstance(node, Comprehension):
        return [node.over, node.init, node.condition, node.step, node.result]
    return []


def walk(tree: Node) -> Iterator[Node]:
    """The node and all below it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))
