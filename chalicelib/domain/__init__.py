"""Pure values and rules. Imports the standard library alone (held by import-linter)."""
