"""Shields: children who are hidden from whoever might harm them, and who may see through."""
