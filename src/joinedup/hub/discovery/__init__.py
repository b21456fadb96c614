"""Finding who knows a child, and asking for what they hold: searches, work items, fetches."""
