"""Sigap: the responder itself. Read docs/ARCHITECTURE.md for the floors of this house."""
