"""The HTTP API: validates uploads, stores their bytes, registers them, tells their state."""
