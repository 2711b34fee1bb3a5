"""Every command and snippet of the README and the documentation runs, and prints what the page says it prints."""

from __future__ import annotations

import os
import re

import pytest
from docs.snippets import NOT_RUN, PAGES, RUN, SHOWN, TREE, Reader, blocks_of, commands, sessions

WITH_BLOCKS = [page for page in PAGES if any(block.language in RUN for block in blocks_of(page))]
STEP_BY_STEP = [page for page in PAGES if page.name == "tutorial.md" or page.parent.name == "howto"]
NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")


@pytest.fixture
def reader(tmp_path, monkeypatch):
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # Replications are the same wherever they are computed; in this process they wait for no worker's imports.
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    return Reader(folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda page: str(page.relative_to(TREE)))
def test_page(page, reader):
    for block in blocks_of(page):
        reader.follow(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))
def test_no_block_escapes(page):
    """A block is run, or shown, or says why not; and none is lost between unpaired fences."""
    text = page.read_text("utf-8")
    blocks = list(blocks_of(page))
    assert 2 * len(blocks) == len(re.findall(r"^```", text, re.MULTILINE))
    for block in blocks:
        assert block.language in RUN | SHOWN, f"{block.place}: what language is {block.language!r}?"
        assert block.marks.get("not-run") in {None, *NOT_RUN}, f"{block.place}: no reason to leave it untried"
    assert text.count("<!-- not-run:") == sum("not-run" in block.marks for block in blocks)


@pytest.mark.parametrize("page", STEP_BY_STEP, ids=lambda page: page.name)
def test_numbers_are_those_printed(page):
    """Numbers told in prose stand in a block of the same page, which a test above holds against what is printed."""
    text = page.read_text("utf-8")
    printed = set(NUMBER.findall("\n".join(block.body for block in blocks_of(page))))
    prose = re.sub(r"```.*?^```$|<!--.*?-->|`[^`]*`|\]\([^)]*\)", "", text, flags=re.DOTALL | re.MULTILINE)
    told = {number for number in NUMBER.findall(prose) if len(number) > 1}
    assert told <= printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```console\n$ minsim --version\nminsim 99\n```\n", "printed"),
        ("```sh\nminsim run nowhere\n```\n", "exited with 2"),
        ("```sh\nminsim --version | grep nothing\n```\n", "exited with 1"),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("<!-- exits: 2 -->\n```sh\nminsim --version\n```\n", "expected 2"),
    ],
)
def test_what_a_page_has_wrong_is_found(text, words, tmp_path, reader):
    page = tmp_path / "wrong.md"
    page.write_text(text, "utf-8")
    (block,) = blocks_of(page)
    with pytest.raises(AssertionError, match=words):
        reader.follow(block)


def test_blocks_are_read_as_written(tmp_path):
    assert commands("minsim list\n# a remark\nminsim run x \\\n  --seed 1\n") == [
        "minsim list",
        "minsim run x    --seed 1",
    ]
    assert list(sessions("$ a\n1\n2\n$ b\n")) == [("a", "1\n2\n"), ("b", "")]
