"""What open event streams cost the services."""
