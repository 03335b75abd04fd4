"""Triage: looks at every customer message before the assistant does, and tells what a bot must not handle alone."""
