"""What every service agrees on: limits, formats, task states, codes. Standard library only."""
