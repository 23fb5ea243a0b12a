"""Requests, responses, and WSGI."""
