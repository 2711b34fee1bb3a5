"""Parts of replications: only what was written is counted."""

import json
import shutil

import numpy as np
import pytest
from pyarrow import parquet

from minsim.errors import OutputError
from minsim.studies.monte_carlo import store
from minsim.studies.monte_carlo.replications import Chunk, Experiment, MaterialRegion, ResultSchema

PLACES = tuple(MaterialRegion("salt", region) for region in ("Northland", "Southland", "Owner"))


@pytest.fixture
def kept(tmp_path, uncertain_use):
    """A store of two parts, of two replications each."""
    made = store.ReplicationStore(tmp_path, Experiment.of(uncertain_use, None))
    with made.opened():
        for first in (0, 2):
            made.write(chunk(made, first))
    return made


def chunk(made, first):
    schema = ResultSchema(PLACES, 2, store.dt.date(2026, 1, 1), 21)
    values = np.full((2, 3, len(store.METRICS)), float(first))
    weekly = np.arange(12, dtype=np.float32).reshape(2, 2, 3) + first
    return Chunk(first, first + 1, np.arange(first, first + 2), values, weekly, (), schema)


def part(made, first):
    return made.folder / f"part-{first:08d}-{first + 1:08d}.parquet"


def refused(made, *said):
    with pytest.raises(OutputError) as caught, made.opened():
        pass
    for text in said:
        assert text in str(caught.value)


def test_what_was_written_is_read(kept):
    with kept.opened() as parts:
        assert [(p.first, p.last) for p in parts] == [(0, 1), (2, 3)]
    lines = (kept.folder / store.MANIFEST).read_text("utf-8").splitlines()
    assert {json.loads(line)["part"] for line in lines} == {part(kept, 0).name, part(kept, 2).name}


def test_weekly_values_are_lists_and_null_where_nobody_uses_anything(kept):
    with kept.opened() as parts:
        numbers, weekly = store.weekly_of(parts[1], [1, 0])
    np.testing.assert_array_equal(numbers, [2, 3])
    expected = np.arange(12, dtype=np.float32).reshape(2, 2, 3) + 2
    np.testing.assert_array_equal(weekly, expected[:, ::-1])
    column = parquet.read_table(part(kept, 2))[store.WEEKLY].to_pylist()
    assert column == [[2, 3, 4], [5, 6, 7], None, [8, 9, 10], [11, 12, 13], None]


@pytest.mark.parametrize(
    "copy", ["part-00000000-00000001 (conflicted copy).parquet", "part-00000004-00000005.parquet", "a.txt"]
)
def test_a_file_that_is_not_listed_is_refused_by_name(kept, copy):
    shutil.copy(part(kept, 0), kept.folder / copy)
    refused(kept, copy, "was not written by minsim, or is a copy; move it away")


def test_a_flipped_bit_is_refused_by_name(kept):
    data = bytearray(part(kept, 2).read_bytes())
    data[100] ^= 1
    part(kept, 2).write_bytes(data)
    refused(kept, part(kept, 2).name, "has been changed since it was written")


def test_a_missing_part_is_refused_by_name(kept):
    part(kept, 0).unlink()
    refused(kept, part(kept, 0).name, "is missing")


def test_every_fault_is_told_at_once(kept):
    part(kept, 0).unlink()
    part(kept, 2).write_bytes(b"half a fi")
    (kept.folder / "a.txt").write_text("", "utf-8")
    refused(kept, "is missing", "has been changed", "a.txt")


@pytest.mark.parametrize("torn", [False, True])
def test_a_part_whose_writing_was_cut_short_is_computed_again(kept, torn):
    manifest = kept.folder / store.MANIFEST
    part(kept, 2).unlink()  # listed, then killed before it was moved
    if torn:
        manifest.write_text(manifest.read_text("utf-8")[:-9], "utf-8")
    with kept.opened() as parts:
        assert [p.first for p in parts] == [0]
        kept.write(chunk(kept, 2))
    with kept.opened() as parts:
        assert [p.first for p in parts] == [0, 2]


def test_parts_of_before_there_was_a_list_are_refused(kept):
    (kept.folder / store.MANIFEST).unlink()
    refused(kept, f"files that {store.MANIFEST} does not list", part(kept, 0).name, "give another folder")


def test_a_manifest_that_is_none_is_refused(kept):
    (kept.folder / store.MANIFEST).write_text("[]\n", "utf-8")
    refused(kept, store.MANIFEST, "is not as minsim wrote it")


def test_hidden_files_are_in_nobodys_way(kept):
    (kept.folder / ".DS_Store").write_text("", "utf-8")
    with kept.opened() as parts:
        assert len(parts) == 2
