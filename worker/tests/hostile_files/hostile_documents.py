"""PDFs that are encrypted, endless, or want something to be run."""

from random import Random

from hostile_files.hostile_file import (
    CORRUPT,
    ENCRYPTED,
    MARK,
    SUCCESS,
    TOO_MANY_PAGES,
    HostileFile,
    hostile,
)
from hostile_files.pdf_writer import one_page, stream, write_pdf
from photo_domain.file_format import FileFormat

_FILL = b"0.2 0.4 0.6 rg 20 20 200 300 re f\n"


def encrypted(rng: Random) -> HostileFile:
    """The standard security handler; its hashes belong to no password that anyone knows."""
    owner, user = rng.randbytes(32).hex().encode(), rng.randbytes(32).hex().encode()
    version, revision, bits = rng.choice(((1, 2, 40), (2, 3, 128)))
    trailer = (
        b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
        b"/Encrypt<</Filter/Standard/V %d/R %d/Length %d/P -4/O<%s>/U<%s>>>"
    ) % (version, revision, bits, owner, user)
    return _document(one_page(_FILL, trailer=trailer), ENCRYPTED)


def with_scripts_and_attachments(rng: Random) -> HostileFile:
    """Everything that a reader could be made to run when it opens, shows or closes a page."""
    action = rng.choice(
        (
            b"<</S/JavaScript/JS(while(true){app.alert\\(1\\)})>>",
            b"<</S/Launch/F(/bin/sh)>>",
            b"<</S/URI/URI(http://127.0.0.1:1/)>>",
            b"<</S/GoToR/F(file:///etc/passwd)/D[0/Fit]>>",
            b"<</S/SubmitForm/F(http://127.0.0.1:1/)>>",
            b"<</S/ImportData/F(/etc/passwd)>>",
        )
    )
    catalog = (
        b"/OpenAction %s/AA<</WC %s/WS %s>>/Names<</JavaScript<</Names[(a)%s]>>"
        b"/EmbeddedFiles<</Names[(a.exe)<</Type/Filespec/F(a.exe)/EF<</F 5 0 R>>>>]>>>>"
    ) % (action, action, action, action)
    page = b"/MediaBox[0 0 300 400]/AA<</O %s/C %s>>" % (action, action)
    attached = stream(MARK, b"/Type/EmbeddedFile")
    return _document(one_page(_FILL, attached, catalog=catalog, page=page), SUCCESS)


def with_forms(rng: Random) -> HostileFile:
    """Fields, XFA and annotations; none of them is opened."""
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(%s)/Rect[0 0 200 200]/F 4"
        b"/AA<</F<</S/JavaScript/JS(while\\(1\\);)>>>>>>" % MARK
    )
    catalog = b"/AcroForm<</Fields[5 0 R]/XFA 6 0 R/NeedAppearances true>>"
    page = b"/MediaBox[0 0 300 400]/Annots[5 0 R 5 0 R]"
    return _document(
        one_page(_FILL, field, stream(b"<xdp>" + MARK), catalog=catalog, page=page), SUCCESS
    )


def with_too_many_pages(rng: Random) -> HostileFile:
    """The count is a lie; nobody goes through a million pages to find out."""
    count = rng.choice((1_001, 50_000, 1_000_000))
    return _document(one_page(_FILL, pages=b"/Count %d" % count), TOO_MANY_PAGES)


def with_a_lying_page_count(rng: Random) -> HostileFile:
    """Below zero, or more than there are numbers for."""
    count = rng.choice((0, -1, -(2**31), 2**31, 2**63, 10**30))
    return _document(one_page(_FILL, pages=b"/Count %d" % count), SUCCESS)


def with_deep_nesting(rng: Random) -> HostileFile:
    """Arrays in arrays, dictionaries in dictionaries, deeper than any stack."""
    depth = rng.choice((100, 5_000, 500_000))
    start, end = rng.choice(((b"[", b"]"), (b"<</A", b">>")))
    nested = start * depth + end * (depth if rng.random() < 0.5 else 0)
    match rng.randrange(4):
        case 0:
            data = one_page(_FILL, catalog=b"/Deep " + nested)
        case 1:
            data = one_page(_FILL, page=b"/MediaBox[0 0 300 400]/Deep " + nested)
        case 2:
            data = one_page(_FILL + nested, resources=b"/Font " + nested)
        case _:
            data = one_page(_FILL, nested)
    return _document(data, SUCCESS)


def with_a_page_tree_in_a_circle(rng: Random) -> HostileFile:
    """A node is its own child, its parent's parent, or a page without an end."""
    tree = rng.choice(
        (
            b"<</Type/Pages/Kids[2 0 R]/Count 1>>",
            b"<</Type/Pages/Kids[2 0 R 2 0 R 2 0 R 2 0 R]/Count 4>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>",
        )
    )
    node = b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1/Parent 2 0 R>>"
    return _document(write_pdf([b"<</Type/Catalog/Pages 2 0 R>>", tree, node]), CORRUPT)


def with_a_deep_page_tree(rng: Random) -> HostileFile:
    """Thousands of nodes, each with one child."""
    depth = rng.choice((50, 2_000, 20_000))
    nodes = [
        b"<</Type/Pages/Kids[%d 0 R]/Count 1/Parent %d 0 R>>" % (number + 1, number - 1)
        for number in range(2, depth)
    ]
    page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 99 99]>>" % (depth - 1)
    data = write_pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, page])
    return _document(data, SUCCESS, CORRUPT)


def with_lying_lengths(rng: Random) -> HostileFile:
    """Streams that say a wrong length, a table that says wrong places."""
    data = one_page(_FILL)
    match rng.randrange(4):
        case 0:
            lie = rng.choice((b"0", b"-1", b"99999999", b"4 0 R", b"(a)"))
            data = data.replace(b"/Length %d" % len(_FILL), b"/Length " + lie)
        case 1:
            data = data.replace(b"00000 n", b"%05d n" % rng.randrange(65_536))
        case 2:
            start = data.index(b"startxref")
            data = data[:start] + b"startxref\n%d\n%%%%EOF\n" % rng.choice((0, 1, 9, 2**31, 10**12))
        case _:
            data = data.replace(b"xref\n0 5", b"xref\n0 %d" % rng.choice((0, 1, 6, 2**31)))
    return _document(data, SUCCESS)


def with_tables_in_a_circle(rng: Random) -> HostileFile:
    """Cross-reference tables that name themselves as the one before."""
    data = one_page(_FILL)
    start = data.index(b"xref\n0")
    entry = rng.choice((b"/Prev %d", b"/XRefStm %d", b"/Prev %d/XRefStm 9")) % start
    return _document(one_page(_FILL, trailer=entry), SUCCESS)


def _document(data: bytes, *right: str) -> HostileFile:
    return hostile(data, FileFormat.PDF, *right)


KINDS = (
    encrypted,
    with_scripts_and_attachments,
    with_forms,
    with_too_many_pages,
    with_a_lying_page_count,
    with_deep_nesting,
    with_a_page_tree_in_a_circle,
    with_a_deep_page_tree,
    with_lying_lengths,
    with_tables_in_a_circle,
)
