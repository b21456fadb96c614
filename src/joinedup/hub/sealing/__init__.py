"""What identifies a child is closed before it reaches a table, and found by blind indexes."""
