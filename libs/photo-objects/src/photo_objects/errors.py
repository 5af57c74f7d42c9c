"""What can go wrong with stored objects, in words that are safe to show.

obstore's own texts hold paths, addresses and XML, so no message here carries them; they stay
reachable as `__cause__` for the logs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class StorageUnavailableError(Exception):
    """Storage did not do what was asked, for a reason that may pass: worth trying again."""


class ObjectMissingError(Exception):
    """There is no object under the key."""


class ObjectExistsError(Exception):
    """There is an object under the key already; it was not touched."""


class ObjectTooLargeError(Exception):
    """The object is larger than the reader was told to accept; it was not read."""


@contextmanager
def translated_errors(store: "ObjectStore") -> Iterator[None]:
    """Turn what obstore raises for `store` into the errors of this module."""
    try:
        yield
    except FileNotFoundError as error:
        if _whole_store_is_missing(store, error):
            raise StorageUnavailableError("The storage location does not exist.") from error
        raise ObjectMissingError("The object does not exist.") from error
    except AlreadyExistsError as error:
        raise ObjectExistsError("The object exists already.") from error
    # obstore's writers raise plain OSError; LocalStore also raises NotImplementedError.
    except (BaseError, OSError, NotImplementedError) as error:
        raise StorageUnavailableError("Storage could not be used.") from error


# obstore raises FileNotFoundError for a missing bucket too; only the store's code tells them
# apart. Sources: the error code lists of Amazon S3, Azure Blob Storage and Cloud Storage.
_MISSING_BUCKET_CODES = ("NoSuchBucket", "ContainerNotFound", "specified bucket does not exist")


def _whole_store_is_missing(store: "ObjectStore", error: FileNotFoundError) -> bool:
    if isinstance(store, LocalStore):
        # An unmounted volume must not look like lost photos.
        return store.prefix is not None and not store.prefix.is_dir()
    return any(code in str(error) for code in _MISSING_BUCKET_CODES)
