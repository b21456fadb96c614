"""Which records are of one child, kept over time: files read, an index, link events."""
