"""The acts of the story. Each act is a chapter of the guide, or a part of a chapter.

Each step does something first, and then checks the result.
"""
