"""The users' guide told as a story, over real HTTP, against the local stack."""
