"""The limits of one upload."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload may hold; sizes in bytes, names in Unicode characters."""

    max_files: int = 100
    max_file_size: int = 5 * 1024 * 1024
    max_file_name_characters: int = 255

    @property
    def max_body_size(self) -> int:
        """Bytes of a multipart body in which every file is as large as allowed."""
        return self.max_files * (self.max_file_size + _PART_OVERHEAD) + _PART_OVERHEAD


# The headers and boundary around one multipart part, with room to spare.
_PART_OVERHEAD = 8 * 1024

UPLOAD_LIMITS = UploadLimits()

# How many tasks one poll may ask for.
MAX_POLLED_TASKS = 100
