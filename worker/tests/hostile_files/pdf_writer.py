"""Writing PDF object by object. Source: ISO 32000-2."""

from collections.abc import Sequence


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object with its length (7.3.8)."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def write_pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1, the first of them the catalog (7.5)."""
    data = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    data += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(data)


def one_page(
    content: bytes,
    *objects: bytes,
    resources: bytes = b"",
    page: bytes = b"/MediaBox[0 0 300 400]",
    catalog: bytes = b"",
    pages: bytes = b"/Count 1",
    trailer: bytes = b"",
) -> bytes:
    """A file of one page; `objects` are numbered from 5, and the other entries are added."""
    return write_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            b"<</Type/Pages/Kids[3 0 R]%s>>" % pages,
            b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<%s>>%s>>" % (resources, page),
            stream(content),
            *objects,
        ],
        trailer,
    )
