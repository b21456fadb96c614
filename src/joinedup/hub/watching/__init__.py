"""Watching: who looked at a child, and which looks somebody should ask about."""
