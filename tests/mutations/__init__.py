"""Mutation list: guards by name, each taken away from a copy of the tree, and the tests that must notice."""
