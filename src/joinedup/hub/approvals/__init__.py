"""Changes that two people must want: proposed by one, applied when another approves."""
