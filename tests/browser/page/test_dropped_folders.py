"""What is left out of dropped folders is not left out without a word."""

from typing import Any

import pytest
from playwright.sync_api import expect

# A tree of files and folders as browsers give it; `looked` counts what was asked for.
_TREE = """
  const looked = { folders: 0 };
  const file = (name) => ({ name, file: (give) => give(new File(["x"], name)) });
  const locked = (name) => ({ name, file: (_, refuse) => refuse(new Error("locked")) });
  const folder = (name, listed) => ({
    name,
    isDirectory: true,
    createReader() {
      looked.folders += 1;
      const rest = listed?.();
      return { readEntries: (give, refuse) => rest ? give(rest.splice(0, 100)) : refuse() };
    },
  });
  const many = (count) => Array.from({ length: count }, (_, number) => file(`${number}.txt`));
  const endless = () => [folder("a", endless), folder("b", endless)];
  const trees = {
    whole: () => [folder("f", () => [file("a.txt"), file(".hidden"), folder("g", () => [])])],
    full: () => [folder("f", () => many(2000))],
    large: () => [folder("f", () => many(2001))],
    "locked file": () => [folder("f", () => [locked("a.txt"), file("b.txt")])],
    "locked folder": () => [folder("f", () => [folder("g", null), file("b.txt")])],
    endless: () => [folder("f", endless), file("b.txt")],
    unknown: () => [null, folder("f", () => [file("b.txt")])],
  };
  const items = (name) =>
    trees[name]().map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
"""


@pytest.mark.parametrize(
    ("tree", "count", "left"),
    [
        ("whole", 1, False),
        ("full", 2000, False),
        ("large", 2000, True),
        ("locked file", 1, True),
        ("locked folder", 1, True),
        ("endless", 1, True),
        ("unknown", 1, True),
    ],
)
def test_folders_are_walked_to_an_end_and_it_is_told_whether_all_was_taken(
    photo_page: Any, tree: str, count: int, left: bool
) -> None:
    found = photo_page.page.evaluate(
        f"""async (tree) => {{
          {_TREE}
          const main = document.querySelector("script[src$='main.js']").src;
          const {{ filesOfItems }} = await import(new URL("dropped_folders.js", main));
          const {{ files, left }} = await filesOfItems({{ items: items(tree), files: [] }});
          return {{ count: files.length, left, folders: looked.folders }};
        }}""",
        tree,
    )
    assert (found["count"], found["left"]) == (count, left)
    assert found["folders"] <= 20_000


def test_the_page_says_that_something_was_left_out_until_the_next_choice(
    photo_page: Any, make_photos: Any
) -> None:
    page = photo_page.page
    told = page.locator("#upload").get_by_text("Some of what you dropped was left out")
    expect(told).to_be_hidden()
    page.evaluate(
        f"""(tree) => {{
          {_TREE}
          const dataTransfer = {{ types: ["Files"], items: items(tree), files: [] }};
          const drop = new Event("drop", {{ bubbles: true, cancelable: true }});
          document.body.dispatchEvent(Object.assign(drop, {{ dataTransfer }}));
        }}""",
        "locked folder",
    )
    expect(told).to_be_visible()
    expect(photo_page.refused("b.txt")).to_be_visible()
    photo_page.choose(*make_photos(1))
    expect(told).to_be_hidden()
