"""Who did what to an organization's settings, its connection and its customers.

`acting` makes the acts that the other stories store with what they change, and `histories` shows them.

Entry: `histories.history_of`.
"""
