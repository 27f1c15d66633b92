"""Tutor's domain: text, sound, alignment, scores and feedback. Importing it needs numpy alone."""

__version__ = "0.1.0"
