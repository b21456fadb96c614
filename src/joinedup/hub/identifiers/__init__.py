"""Asking for a child's identifier, and the record of everyone who did."""
