"""The calls of the HTTP API; each route translates and decides nothing."""
