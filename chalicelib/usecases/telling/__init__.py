"""How POM is told of what has changed.

`tell_changes` puts what the tables' streams bring on the bus and in the feed. `told_objects` reads what is shown with
it. `list_changes` reads an organization's feed, page by page or from its end on.

Entry: `tell_changes.tell_changes`.
"""
