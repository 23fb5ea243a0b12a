"""Pages for payers and owners: the hosted invoice page, and Connect OAuth with its authorize page."""
