"""Two pool companies in POM's own records: their customers and their completed services.

Nothing here is random: every run on the same day has the same services.
"""
