"""A log that nobody can change unseen: Merkle tree, entries, checkpoints, proofs, a verifier.

Plain Python without a database; the hub keeps the log in PostgreSQL.
"""
