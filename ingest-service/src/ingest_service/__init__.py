"""Writes the rows of uploads and queues their tasks."""
