"""The pages for the people who run the service; every change goes through the ingest service."""
