"""FHIR R4 for health systems: which known child fits (IHE PDQm), and who did what (IHE BALP)."""
