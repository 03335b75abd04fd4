"""Channel adapters: one folder per platform, each pure (verify, parse, render, classify do no I/O)."""
