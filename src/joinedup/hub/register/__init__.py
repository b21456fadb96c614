"""The register: who holds a record about whom. Pointers only; never what was written."""
