"""PDFs whose first page takes all the time or memory there is, or cannot be drawn whole."""

import zlib
from random import Random

from PIL import ImageFont

from hostile_files.hostile_file import CORRUPT, CRASHED, SUCCESS, HostileFile, hostile
from hostile_files.pdf_writer import one_page, stream, write_pdf
from hostile_files.pictures import photo
from hostile_files.png_writer import zeros_deflated
from photo_domain.file_format import FileFormat

_FILL = b"0.2 0.4 0.6 rg 20 20 200 300 re f\n"


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


def with_a_damaged_font(rng: Random) -> HostileFile:
    """An embedded font with some bytes changed, cut, or none at all."""
    font = ImageFont.load_default(12)
    assert isinstance(font, ImageFont.FreeTypeFont)
    data = bytearray(font.font_bytes)
    for _ in range(rng.choice((1, 10, 300))):
        data[rng.randrange(len(data))] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.1:
        data = bytearray(rng.randbytes(3_000))
    key = rng.choice((b"FontFile", b"FontFile2", b"FontFile3"))
    subtype = rng.choice((b"TrueType", b"Type1"))
    fonts = (
        b"<</Type/Font/Subtype/%s/BaseFont/Any/FirstChar 32/LastChar 126/FontDescriptor 6 0 R"
        b"/Encoding/WinAnsiEncoding>>" % subtype,
        b"<</Type/FontDescriptor/FontName/Any/Flags 32/FontBBox[0 0 1000 1000]/ItalicAngle 0"
        b"/Ascent 800/Descent -200/CapHeight 700/StemV 80/%s 7 0 R>>" % key,
        stream(zlib.compress(bytes(data)), b"/Filter/FlateDecode"),
    )
    content = b"BT /F 40 Tf 10 200 Td (Hostile Mark 0123) Tj ET"
    return _document(one_page(content, *fonts, resources=b"/Font<</F 5 0 R>>"), SUCCESS)


def with_colors_in_a_circle(rng: Random) -> HostileFile:
    """A colour space, a function or a shading that is defined by itself."""
    match rng.randrange(4):
        case 0:
            space = rng.choice(
                (
                    b"[/Indexed 5 0 R 1 <0001>]",
                    b"[/Separation/Ink 5 0 R 6 0 R]",
                    b"[/DeviceN[/Ink/Other]5 0 R 6 0 R]",
                    b"[/Pattern 5 0 R]",
                    b"[/ICCBased 6 0 R]",
                )
            )
            other = stream(
                b"{ 0 0 }", b"/FunctionType 4/Domain[0 1]/Range[0 1]/N 3/Alternate 5 0 R"
            )
            content = b"/C cs 1 sc 0 0 300 400 re f"
            data = one_page(content, space, other, resources=b"/ColorSpace<</C 5 0 R>>")
        case 1:
            stitched = (
                b"<</FunctionType 3/Domain[0 1]/Functions[6 0 R 6 0 R]/Bounds[0.5]"
                b"/Encode[0 1 0 1]>>"
            )
            shading = b"<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 300 400]/Function 6 0 R>>"
            data = one_page(b"/S sh", shading, stitched, resources=b"/Shading<</S 5 0 R>>")
        case 2:
            # Meshes (ISO 32000-2 8.7.4.5.5 to 8): the vertices are noise.
            mesh = stream(
                rng.randbytes(5_000),
                b"/ShadingType %d/ColorSpace/DeviceRGB/BitsPerCoordinate 8/BitsPerComponent 8"
                b"/BitsPerFlag 8/VerticesPerRow %d/Decode[0 300 0 400 0 1 0 1 0 1]"
                % (rng.choice((4, 5, 6, 7)), rng.choice((0, 1, 2, 2**31 - 1))),
            )
            data = one_page(b"/S sh", mesh, resources=b"/Shading<</S 5 0 R>>")
        case _:
            code = stream(
                b"{" * rng.choice((10, 100_000)) + b" dup mul ",
                b"/FunctionType 4/Domain[0 1]/Range[0 1]",
            )
            shading = b"<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 300 400]/Function 6 0 R>>"
            data = one_page(b"/S sh", shading, code, resources=b"/Shading<</S 5 0 R>>")
    return _document(data, SUCCESS)


def _document(data: bytes, *right: str) -> HostileFile:
    return hostile(data, FileFormat.PDF, *right)


KINDS = (
    with_forms_that_draw_themselves,
    with_forms_in_forms,
    with_a_huge_image,
    with_a_damaged_image,
    with_content_that_unpacks_to_gigabytes,
    with_a_strange_page,
    with_many_operators,
    with_a_damaged_font,
    with_colors_in_a_circle,
)
