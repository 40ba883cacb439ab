"""The history of the schema; see CONTRIBUTING.md for how to add to it."""
