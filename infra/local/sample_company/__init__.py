"""Two pool companies as POM's own records have them: their customers and the services that they have completed.

Nothing here is random: a day gives the same services every time.
"""
