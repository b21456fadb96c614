"""The JSON API: tokens, get-an-identifier, OpenAPI, and problem details for every error."""
