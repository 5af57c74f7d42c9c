import pytest

from upload_gateway.page_assets import PageAssets

FILES = {"main.js": b'import { a } from "./a.js";\n', "a.js": b"", "catalog/en.json": b"{}"}


@pytest.mark.parametrize(
    "other",
    [
        {**FILES, "a.js": b"//"},
        {**FILES, "b.js": b""},
        {"main.js": FILES["main.js"], "a.js": b""},
        # The same bytes under other names.
        {**FILES, "main.js": b"", "a.js": FILES["main.js"]},
    ],
)
def test_the_version_changes_with_every_name_and_byte(other: dict[str, bytes]) -> None:
    assert PageAssets(other).version != PageAssets(FILES).version


def test_the_version_is_the_same_in_every_replica() -> None:
    assert PageAssets(dict(reversed(FILES.items()))).version == PageAssets(FILES).version


def test_a_page_names_every_module_that_its_own_imports_once() -> None:
    assets = PageAssets(
        {
            "main.js": b'import { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\n',
            "a.js": b'export { b } from "./b.js";\n/** @type {import("./only_named.js").T} */\n',
            "b.js": b'import { a } from "./a.js";\nconst late = () => import("./late.js");\n',
            "late.js": b"",
            "only_named.js": b"",
        }
    )
    assert sorted(assets.modules_of("main.js")) == ["a.js", "b.js", "main.js"]


def test_a_file_whose_kind_is_not_known_is_not_served_as_a_guess() -> None:
    with pytest.raises(KeyError, match="exe"):
        PageAssets({"a.exe": b""})


@pytest.mark.parametrize("path", ["", "catalog", "catalog/", "../home.html", "./a.js", "/a.js"])
def test_only_the_exact_path_of_an_asset_finds_one(path: str) -> None:
    assert PageAssets(FILES).find(path) is None
    assert PageAssets(FILES).find("catalog/en.json")
