"""Review cases: what a person must decide, the decision, and the way back to whoever asked."""
