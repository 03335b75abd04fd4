"""For conversation designers: what keeps the assistant's data sound."""
