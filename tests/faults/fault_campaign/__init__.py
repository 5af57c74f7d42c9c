"""A campaign of faults against the real system: what was acknowledged must reach one result."""
