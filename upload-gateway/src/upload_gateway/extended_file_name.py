"""`filename*`, the file name that says how it is encoded (RFC 8187).

RFC 7578 4.2 wants none in forms; libraries send it all the same for names that are not ASCII,
.NET's beside a `filename` that nobody can read.
"""

import re
from urllib.parse import unquote_to_bytes

# What stands in quotes is no parameter. Quotes that nothing closes go to the end: looking for
# their other half at each of them would take the square of the header's length.
_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^;]*)')
# RFC 8187 3.2.1; of the charsets only UTF-8 has to be understood.
_VALUE = re.compile(
    rb"utf-8'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})+)", re.IGNORECASE
)


def extended_file_name(disposition: bytes) -> str | None:
    """The name in a Content-Disposition; None where there is none.

    Raises ValueError for one that cannot be read.
    """
    for name, value in _PARAMETER.findall(disposition):
        if name.lower() == b"filename*":
            found = _VALUE.fullmatch(value.strip())
            if found is None:
                raise ValueError("The name is no UTF-8''… with percent signs (RFC 8187).")
            return unquote_to_bytes(found[1]).decode()
    return None
