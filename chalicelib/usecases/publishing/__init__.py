"""Publishes changes of stored objects to POM.

`publish_changes` puts the changes in the tables' streams on the bus and in the feed. `published_objects` reads the
objects that the events show. `list_changes` reads an organization's feed page by page, or from its end on.

Entry: `publish_changes.publish_records`.
"""
