"""What payers and owners open in a browser: the hosted invoice page, and Connect OAuth."""
