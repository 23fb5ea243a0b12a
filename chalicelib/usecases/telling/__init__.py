"""Telling POM what has changed.

`list_changes` reads an organization's feed, page by page or from its end on.

Entry: `list_changes.list_changes`.
"""
