"""What processing costs: against bare loops, by rendition setting, and in memory."""
