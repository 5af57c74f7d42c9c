"""Answers what became of each photo; writes nothing."""
