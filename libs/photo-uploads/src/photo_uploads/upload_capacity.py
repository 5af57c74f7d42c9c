"""What the uploads of one process may take of it."""

from prometheus_client import Gauge

from photo_domain.limits import UploadLimits
from photo_objects.buffer_budget import BufferBudget
from photo_uploads.upload_places import UploadPlaces

_BUFFERED = Gauge("photo_upload_buffer_bytes", "Bytes of upload buffers that are reserved")
_BUFFERED_PEAK = Gauge("photo_upload_buffer_peak_bytes", "The most that was ever reserved")
_UPLOADS = Gauge("photo_uploads_in_progress", "Uploads that are being received")
_WAITING = Gauge("photo_uploads_waiting_for_buffer", "Files that wait for room in memory")

# Uploads for each file that fits into the buffers: the others wait in turn, for seconds each.
_UPLOADS_PER_BUFFER = 4


class UploadCapacity:
    """The memory for `buffer_bytes` of uploads and the places that follow from it, with gauges."""

    def __init__(self, buffer_bytes: int, limits: UploadLimits) -> None:
        self.budget = BufferBudget(buffer_bytes)
        self.places = UploadPlaces(buffer_bytes // limits.max_file_size * _UPLOADS_PER_BUFFER)
        _BUFFERED.set_function(lambda: self.budget.reserved)
        _BUFFERED_PEAK.set_function(lambda: self.budget.peak)
        _WAITING.set_function(lambda: self.budget.waiting)
        _UPLOADS.set_function(lambda: self.places.taken)
