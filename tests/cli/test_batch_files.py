"""Files that a batch writes: links, full disks, long names, and files that are read."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.cli.batches import GREEKS, HEADER, lines, trades


def test_full_disk_is_one_line_and_keeps_finished_trades(book, tmp_path):
    path, out = book(trades(40)), tmp_path / "out.jsonl"
    limit = (resource.RLIMIT_FSIZE, (20_000, 20_000))
    full = subprocess.run(
        [*GREEKS, "batch", path, "-o", str(out)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(*limit),
    )
    assert full.returncode == 1
    assert full.stderr.count("\n") == 1
    assert "cannot write" in full.stderr
    assert "results finished are safe in" in full.stderr
    again = subprocess.run([*GREEKS, "batch", path, "-o", str(out)], capture_output=True, text=True)
    assert again.returncode == 0
    assert "going on after" in again.stderr
    assert [r["id"] for r in lines(out.read_text())] == [f"T{i}" for i in range(40)]


def test_missing_output_folder_is_one_line(greeks, book, tmp_path):
    outcome = greeks("batch", book(trades(1)), "-o", str(tmp_path / "nowhere" / "out.jsonl"))
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith("greeks: cannot write ")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("-", "where -o is left out"),
        ("", "is a folder"),
        (".", "is a folder"),
        ("book.toml", "and is read; give"),
    ],
)
def test_output_over_a_folder_or_a_book_is_refused(greeks, book, monkeypatch, tmp_path, out, message):
    monkeypatch.chdir(tmp_path)
    text = book(trades(1))
    outcome = greeks("batch", "book.toml", "-o", out, "--format", "csv", "--restart")
    assert outcome.code == 2
    assert message in outcome.err
    assert Path(text).read_text() == trades(1)


BESIDE = ["", ".partial", ".manifest.json", ".tmp", ".manifest.json.tmp"]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize("read", ["book.toml", "market.toml"])
@pytest.mark.parametrize("end", BESIDE)
def test_no_written_file_is_one_that_is_read(greeks, book, tmp_path, link, read, end):
    paths = {name: book(text, name) for name, text in (("book.toml", trades(1)), ("market.toml", HEADER))}
    out = tmp_path / "out.jsonl"
    link(tmp_path / f"out.jsonl{end}", tmp_path / read)
    outcome = greeks("batch", paths["book.toml"], "--market", paths["market.toml"], "-o", str(out), "--restart")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert outcome.err.endswith("would be overwritten, and is read; give another name\n")
    assert (Path(paths["book.toml"]).read_text(), Path(paths["market.toml"]).read_text()) == (trades(1), HEADER)


@pytest.mark.parametrize("length", [300, 255, 240, 238])
def test_names_too_long_for_the_disk_are_told_at_the_start(greeks, book, tmp_path, length):
    out = tmp_path / ("o" * (length - 6) + ".jsonl")
    outcome = greeks("batch", book(trades(1)), "-o", str(out))
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "too long a name; give a shorter one" in outcome.err
    assert out.name in outcome.err
    assert os.listdir(tmp_path) == ["book.toml"]
    assert "File name too long; give the path of a book" in greeks("batch", "b" * 300 + ".csv").err


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("end", BESIDE)
def test_written_files_are_regular(greeks, book, tmp_path, make, end):
    out = tmp_path / "out.jsonl"
    make(tmp_path / f"out.jsonl{end}")
    outcome = greeks("batch", book(trades(1)), "-o", str(out))
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "is a folder" in outcome.err or "is no regular file" in outcome.err
