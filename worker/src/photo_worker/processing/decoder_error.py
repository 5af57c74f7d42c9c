"""What it means for a photo that its decoder gave up."""

import re

from photo_domain.failure import ProcessingError
from photo_worker.processing.photo_in_process import PhotoInProcess
from photo_worker.processing.truncation import unreadable_code

# In the words of libvips and libpng, of libjpeg, and of GLib. That memory is mentioned is not
# enough: a damaged file is said to be one that it was "unable to copy to memory".
_MEMORY_RAN_OUT = re.compile(
    "out of memory|insufficient memory|error creating thread", re.IGNORECASE
)


def decoder_error(photo: PhotoInProcess, error: Exception) -> ProcessingError | MemoryError:
    """What to raise from `error`: corrupt_image, truncated_image, or that memory ran out."""
    if memory_ran_out(error):
        return MemoryError()
    return ProcessingError(unreadable_code(photo.original, photo.format))


def memory_ran_out(error: Exception) -> bool:
    """Whether that is why libvips gave up: it tells only in words, each of its parts in its own."""
    return _MEMORY_RAN_OUT.search(str(error)) is not None
