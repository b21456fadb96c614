"""Who may ask: organisations, the machines that act for them, and the people who work there."""
