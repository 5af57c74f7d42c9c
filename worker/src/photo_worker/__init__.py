"""Processes photos: one Celery task, `image_handler`."""
