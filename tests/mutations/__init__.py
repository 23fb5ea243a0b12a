"""The mutation list: guards by name. Each is removed from a copy of the tree, and its tests must fail."""
