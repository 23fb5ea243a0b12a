"""Requests and answers that were recorded, and what the double says to the same requests."""
