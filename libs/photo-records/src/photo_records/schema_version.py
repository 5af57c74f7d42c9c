"""The newest migration that this code needs; migrations are numbered."""

REQUIRED_VERSION = "0020"
