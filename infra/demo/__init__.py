"""The users' guide played as a story, over real HTTP, against the local stack."""
