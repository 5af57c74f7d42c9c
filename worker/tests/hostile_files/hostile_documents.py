"""PDFs that are encrypted, endless, or want something to be run."""

import zlib
from random import Random

from hostile_files.hostile_file import (
    CORRUPT,
    CRASHED,
    ENCRYPTED,
    MARK,
    SUCCESS,
    TOO_MANY_PAGES,
    HostileFile,
    hostile,
)
from hostile_files.pdf_writer import one_page, stream, write_pdf
from hostile_files.pictures import photo
from hostile_files.png_writer import zeros_deflated
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


def with_forms_that_draw_themselves(rng: Random) -> HostileFile:
    """A form, a pattern, a soft mask or a glyph that is part of itself."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]"
    match rng.randrange(4):
        case 0:
            drawn = stream(_FILL + b"/X Do", form + b"/Resources<</XObject<</X 5 0 R>>>>")
            data = one_page(b"/X Do", drawn, resources=b"/XObject<</X 5 0 R>>")
        case 1:
            tile = stream(
                b"/Pattern cs /P scn 0 0 9 9 re f",
                b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 10 10]/XStep 10/YStep 10"
                b"/Resources<</Pattern<</P 5 0 R>>>>",
            )
            content = b"/Pattern cs /P scn 0 0 300 400 re f"
            data = one_page(content, tile, resources=b"/Pattern<</P 5 0 R>>")
        case 2:
            mask = b"<</SMask<</S/Luminosity/G 6 0 R>>>>"
            drawn = stream(
                b"/G gs " + _FILL,
                form + b"/Group<</S/Transparency/CS/DeviceGray>>"
                b"/Resources<</ExtGState<</G 5 0 R>>>>",
            )
            data = one_page(b"/G gs " + _FILL, mask, drawn, resources=b"/ExtGState<</G 5 0 R>>")
        case _:
            font = (
                b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]"
                b"/CharProcs<</a 6 0 R>>/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97"
                b"/Widths[9]/Resources<</Font<</F 5 0 R>>>>>>"
            )
            glyph = stream(b"9 0 d0 BT /F 9 Tf (a) Tj ET")
            data = one_page(b"BT /F 9 Tf (aaa) Tj ET", font, glyph, resources=b"/Font<</F 5 0 R>>")
    return _document(data, SUCCESS)


def with_forms_in_forms(rng: Random) -> HostileFile:
    """Each form draws the next one several times: thousands of drawings from a few lines."""
    width, depth = rng.choice(((10, 3), (4, 5), (2, 11)))
    forms = [
        stream(
            b"/X Do\n" * width,
            b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]/Resources<</XObject<</X %d 0 R>>>>"
            % (number + 1),
        )
        for number in range(5, 5 + depth)
    ]
    last = stream(b"0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]")
    return _document(one_page(b"/X Do", *forms, last, resources=b"/XObject<</X 5 0 R>>"), SUCCESS)


def with_a_huge_image(rng: Random) -> HostileFile:
    """An image of gigabytes on a small page, of zeros, or with hardly any data."""
    edge = rng.choice((20_000, 30_000, 200_000))
    packed = rng.choice((zeros_deflated(1), zeros_deflated(1_200), b""))
    entries = (
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8"
        b"/Filter/FlateDecode"
    ) % (edge, edge)
    content = b"q 300 0 0 400 0 0 cm /X Do Q"
    data = one_page(content, stream(packed, entries), resources=b"/XObject<</X 5 0 R>>")
    return _document(data, SUCCESS)


def with_a_damaged_image(rng: Random) -> HostileFile:
    """The page is shown without it, or with what there is of it."""
    kind = rng.choice((b"DCTDecode", b"JPXDecode", b"JBIG2Decode", b"CCITTFaxDecode"))
    pixels = rng.randbytes(3_000)
    if kind == b"DCTDecode":
        pixels = photo(rng, FileFormat.JPEG)[: rng.randint(10, 600)] + pixels
    entries = (
        b"/Type/XObject/Subtype/Image/Width %d/Height 300/ColorSpace/DeviceGray"
        b"/BitsPerComponent %d/Filter/%s"
    ) % (rng.choice((1, 300, 70_000)), rng.choice((1, 8)), kind)
    content = b"q 300 0 0 400 0 0 cm /X Do Q"
    data = one_page(content, stream(pixels, entries), resources=b"/XObject<</X 5 0 R>>")
    return _document(data, SUCCESS)


def with_content_that_unpacks_to_gigabytes(rng: Random) -> HostileFile:
    """Once packed a thousand times, or packed again and again."""
    packed, filters = zeros_deflated(1_500), b"/Filter/FlateDecode"
    if rng.random() < 0.5:
        packed, filters = zlib.compress(packed, 9), b"/Filter[/FlateDecode/FlateDecode]"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
        stream(packed, filters),
    ]
    return _document(write_pdf(objects), SUCCESS, CRASHED)


def with_a_strange_page(rng: Random) -> HostileFile:
    """A page without size, with one of a continent, or turned by some degrees."""
    box = rng.choice(
        (
            b"0 0 0 0",
            b"0 0 0.0001 0.0001",
            b"0 0 1e38 1e38",
            b"0 0 1000000 1000000",
            b"0 0 99999999999999 1",
            b"0 0 -300 -400",
            b"0 0",
            b"(a)(b)(c)(d)",
            b"300 400 0 0",
            b"0 0 14400 0.01",
            b"-2147483648 -2147483648 2147483647 2147483647",
        )
    )
    page = b"/MediaBox[%s]/Rotate %d/UserUnit %d" % (
        box,
        rng.choice((0, 1, 45, 90, -90, 2**31)),
        rng.choice((0, 1, 10**9)),
    )
    return _document(one_page(_FILL, page=page), SUCCESS, CORRUPT)


def with_many_operators(rng: Random) -> HostileFile:
    """A long way of drawing nothing."""
    part = rng.choice(
        (b"q ", b"q Q ", b"0 0 m 9 9 l ", b"BT ET ", b"1 0 0 1 0 0 cm ", b"[1 2]0 d 0 0 m 9 9 l S ")
    )
    return _document(one_page(part * (500_000 // len(part))), SUCCESS)


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
    with_forms_that_draw_themselves,
    with_forms_in_forms,
    with_a_huge_image,
    with_a_damaged_image,
    with_content_that_unpacks_to_gigabytes,
    with_a_strange_page,
    with_many_operators,
    with_lying_lengths,
    with_tables_in_a_circle,
)
