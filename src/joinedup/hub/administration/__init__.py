"""Pages for those who look after the hub: propose, approve, stop at once, and see what changed."""
