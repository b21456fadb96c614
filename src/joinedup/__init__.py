"""Joinedup: one child, one number, every agency that can help."""

__version__ = "0.1.0"
