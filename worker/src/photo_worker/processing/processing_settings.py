"""What may be processed, and what is made of it."""

from dataclasses import dataclass

from photo_worker.processing.rendition_spec import RenditionSpec


@dataclass(frozen=True, slots=True)
class ProcessingSettings:
    """The limits and wishes of whoever runs the service."""

    # Largest first, at least one.
    renditions: tuple[RenditionSpec, ...]
    # Width times height, from the header.
    max_pixels: int
    # What a decoder that keeps the whole picture may keep of it, from the header.
    max_held_bytes: int
    # Of a document, or frames of an animation.
    max_pages: int
    # Whether what can be seen of a truncated or damaged JPEG or PNG is enough.
    accept_truncated: bool
    # 0 to 6: the time that the WebP encoder takes to save bytes.
    webp_effort: int

    @property
    def fail_on(self) -> str:
        """From which trouble on a decoder of libvips gives up."""
        return "none" if self.accept_truncated else "error"
