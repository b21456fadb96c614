"""Being told: caseloads, what happened to the children in them, and everybody's notices."""
