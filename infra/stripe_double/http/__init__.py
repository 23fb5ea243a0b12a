"""Requests, responses and WSGI."""
