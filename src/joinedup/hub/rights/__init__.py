"""What the database itself refuses, beneath the policy: other organisations' rows, the ledger's."""
