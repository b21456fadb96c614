"""How long things are kept: live, archived, purged with a certificate, and never back again."""
