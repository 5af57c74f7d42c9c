"""What libvips may do in this process."""

import logging

import pyvips

# The only decoders that untrusted bytes may reach.
_ALLOWED_LOADERS = (
    "VipsForeignLoadJpegBuffer",
    "VipsForeignLoadPngBuffer",
    "VipsForeignLoadWebpBuffer",
)


def restrict_libvips() -> None:
    """Allow our three decoders and nothing else, one thread, no cache.

    Blocking all and allowing some is stricter than libvips' own mark of untrusted loaders, which
    lets further formats through. A pool of processes already keeps every core busy, and a photo
    is never seen twice. Source: https://www.libvips.org/API/current/func.operation_block_set.html.
    """
    pyvips.operation_block_set("VipsForeignLoad", True)  # noqa: FBT003 - libvips' own order
    for loader in _ALLOWED_LOADERS:
        pyvips.operation_block_set(loader, False)  # noqa: FBT003
    pyvips.concurrency_set(1)
    # At its info level libvips tells every step of every photo.
    logging.getLogger("pyvips").setLevel(logging.WARNING)
    pyvips.cache_set_max(0)
