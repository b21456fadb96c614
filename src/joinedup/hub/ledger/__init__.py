"""The ledger: one entry for every request, written before anything is answered."""
