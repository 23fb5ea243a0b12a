"""Records who did what to an organization's settings, its connection and its customers.

`acting` creates the acts, which other stories store together with their changes. `histories` lists them.

Entry: `histories.history_of`.
"""
