"""From the bytes of a photo to its renditions: no queue, no database, no storage."""
