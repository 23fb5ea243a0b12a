"""The acts of the story, each a chapter of the guide or a part of one. Each step does something first, and then shows
what came of it.
"""
