"""The steps of processing, in their order."""

import time
from collections.abc import Sequence

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import SNIFF_SIZE, FileFormat, sniff_format
from photo_worker.processing.decoding import decode
from photo_worker.processing.libvips_setup import restrict_libvips
from photo_worker.processing.metadata import read_metadata
from photo_worker.processing.photo_in_process import PhotoInProcess, Step
from photo_worker.processing.placeholder import make_placeholder
from photo_worker.processing.probe import probe
from photo_worker.processing.processing_settings import ProcessingSettings
from photo_worker.processing.renditions import make_renditions
from service_kit.tracing import traced

STEPS: tuple[Step, ...] = (
    probe,
    read_metadata,
    decode,
    make_renditions,
    make_placeholder,
)


class PhotoProcessor:
    """Processes untrusted bytes; building one restricts libvips for the whole process."""

    def __init__(self, settings: ProcessingSettings, steps: Sequence[Step] = STEPS) -> None:
        restrict_libvips()
        self._settings = settings
        self._steps = steps

    def process(self, original: bytes, claimed: FileFormat) -> PhotoInProcess:
        """Take `original`, which was uploaded as `claimed`, through every step.

        Raises ProcessingError with its code, and MemoryError where the process has no memory left.
        """
        if sniff_format(original[:SNIFF_SIZE]) is not claimed:
            raise ProcessingError(FailureCode.UNSUPPORTED_CONTENT)
        photo = PhotoInProcess(original, claimed, self._settings)
        for step in self._steps:
            started = time.monotonic()
            with traced(step.__name__):
                step(photo)
            photo.step_seconds[step.__name__] = time.monotonic() - started
        return photo
