"""A tree of paths, and how a path in it is answered.

A directory lists its entries, one per line, subdirectories with a `/`. A leaf is its bare value.
What has no value isn't there: a node that is None can't be asked for, nor is it listed, nor is a
directory with nothing in it.
"""

from collections.abc import Mapping

Leaf = str | bytes
Tree = Mapping[str, "Leaf | Tree | None"]


def find(tree: Tree, path: str) -> Leaf | Tree | None:
    """What is at a path, e.g. `/latest/meta-data/mac`; None if nothing is.

    Only a directory can be asked for with a `/` at the end. Paths are case-sensitive but for a MAC,
    which tools print in either case.
    """
    if not path.startswith("/"):
        return None
    parts = path.split("/")[1:]
    wants_directory = parts[-1] == ""
    node: Leaf | Tree | None = tree
    for part in parts[:-1] if wants_directory else parts:
        if node is None or isinstance(node, Leaf):
            return None
        node = node.get(part.upper() if ":" in part else part)
    if wants_directory and isinstance(node, Leaf):
        return None
    return node if _is_there(node) else None


def listing(tree: Tree) -> str:
    """List the entries of a directory, one per line, subdirectories with a `/`."""
    there = ((name, child) for name, child in tree.items() if _is_there(child))
    return "\n".join(name if isinstance(child, Leaf) else f"{name}/" for name, child in there)


def _is_there(node: "Leaf | Tree | None") -> bool:
    if isinstance(node, Leaf):
        return True
    return node is not None and any(_is_there(child) for child in node.values())
