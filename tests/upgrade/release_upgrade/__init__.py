"""An upgrade under load, from the release before to the code of today."""
