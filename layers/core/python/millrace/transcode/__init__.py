"""The workflow from an upload to a film: its steps."""
