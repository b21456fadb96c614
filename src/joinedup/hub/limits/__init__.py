"""How much may be asked: what an ordinary day needs, and never a sweep of the population."""
