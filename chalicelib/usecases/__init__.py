"""One verb per module. What a use case needs of the outside it takes as `Ports`; it imports nothing concrete."""
