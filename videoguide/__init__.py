"""Videoguide: personalised, narrated, accessible video guides made of shared segments."""

__version__ = "0.1.0"
