"""The practitioner's pages: sign in, give a reason, find a child, read the outcome."""
