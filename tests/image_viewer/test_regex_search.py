"""Expressions over all prompts: what Python itself finds, and an end to those that explode."""

from __future__ import annotations

import os
import re
import sqlite3
import string
import threading
import time
import zlib

import numpy as np
import pytest
from holaf.holaf_core.errors import BadRequest, Unavailable
from holaf.holaf_core.processes import WorkerEnded
from holaf.holaf_image_viewer_backend.query_terms import NodeValue
from holaf.holaf_image_viewer_backend.regex_letters import Row, letters
from holaf.holaf_image_viewer_backend.regex_needles import folded, plan
from holaf.holaf_image_viewer_backend.regex_search import PatternSearch, PatternTooSlow
from holaf.holaf_image_viewer_backend.regex_worker import BLOCK, matching, node_matcher
from hypothesis import example, given, settings
from hypothesis import strategies as st
from library_rows import indexed_file

try:  # Python 3.11
    from re import _parser as re_parser
except ImportError:
    import sre_parse as re_parser

PROMPTS = [
    ("A red Castle at night, blue eyes", "blurry"),
    ("a GREEN forest\nwith a castle", ""),
    ("cat 2024", "bad hands, 8k"),
    ("猫の屋根 ſtraße", ""),
    ("a" * 40 + "!", "a" * 40),
]
NODES = "KSampler.steps=20\nKSampler.denoise=0.4\nCheckpointLoaderSimple.ckpt_name=SD15.safetensors"


@pytest.fixture
def database(pack):
    pack.images.open()
    with sqlite3.connect(pack.images.path) as db:
        for number, (text, negative) in enumerate(PROMPTS, 1):
            db.execute(
                "INSERT INTO prompts VALUES (?, ?, ?, ?)", (number, bytes([number]), text, negative)
            )
        db.execute("INSERT INTO graphs (id, hash, nodes) VALUES (1, x'01', ?)", (packed(NODES),))
        db.execute("INSERT INTO graphs (id, hash) VALUES (2, x'02')")
    db.close()
    return pack.images.path


@pytest.fixture
def search(database):
    search = PatternSearch(database, shards=2)
    yield search
    search.stop()


def packed(lines):
    return zlib.compress(lines.encode())


def change(database, statement, *values):
    with sqlite3.connect(database) as db:
        db.execute(statement, values)
    db.close()


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


# --- what is found ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("castle", [1, 2]),
        ("CASTLE", [1, 2]),
        ("(?-i:castle)", [2]),
        ("(blue|green) (eyes|forest)", [1, 2]),
        ("^a", [1, 2, 5]),
        ("castle$", [2]),
        (r"\d{4}", [3]),
        ("屋.", [4]),
        ("strasse|straße", [4]),
        (r"forest.with", []),
        (r"(?s)forest.with", [2]),
        ("nothing like this", []),
    ],
)
def test_prompts_are_found_by_expressions(search, pattern, ids):
    assert search.prompts(pattern, "prompt", 1).tolist() == ids


def test_prompts_are_divided_among_processes_and_none_is_left_out(database, search):
    with sqlite3.connect(database) as db:
        db.execute("DELETE FROM prompts")
        ids = [*range(1, 2 * BLOCK + 2), 5 * BLOCK, 5 * BLOCK + 1]
        rows = [(one, one.to_bytes(4, "big"), f"castle {one}", "") for one in ids]
        db.executemany("INSERT INTO prompts VALUES (?, ?, ?, ?)", rows)
    db.close()
    assert search.prompts("castle", "prompt", 1).tolist() == ids
    change(database, "INSERT INTO prompts VALUES (20000, x'09', 'castles', '')")
    assert search.prompts("castle", "prompt", 2).tolist() == [*ids, 20000]


def test_negative_prompts_are_searched_apart(search):
    assert search.prompts("blur|hands", "negative", 1).tolist() == [1, 3]


def test_ids_come_as_an_array_of_unsigned_numbers(search):
    found = search.prompts("castle", "prompt", 1)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.uint32


def test_a_prompt_that_is_added_later_is_found_at_the_next_revision(search, database):
    assert search.prompts("castle", "prompt", 1).tolist() == [1, 2]
    change(database, "INSERT INTO prompts VALUES (9, x'09', 'castles', '')")
    assert search.prompts("castle", "prompt", 1).tolist() == [1, 2]
    assert search.prompts("castle", "prompt", 2).tolist() == [1, 2, 9]


def test_file_names_are_searched_and_follow_changes(pack, database, search):
    file = indexed_file(1, filename="a cat.png")
    (one,) = pack.images.store([file]).added_ids
    assert search.files(r"^A\scat\.", pack.images.rev()).tolist() == [one]
    pack.images.move([(file.path_canon, indexed_file(1, filename="a dog.png"))])
    rev = pack.images.rev()
    assert search.files(r"^a\scat\.", rev).tolist() == []
    assert search.files(r"\bdog\b", rev).tolist() == [one]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("kiss", ["KISS.png", "K\u0131\u017fs.png"]),
        ("100%_", ["100%_a\\b.png"]),
        (r"a\\b", ["100%_a\\b.png"]),
        (r"(?-i:KISS)", ["KISS.png"]),
        (r"^[^k]*\.png", ["100%_a\\b.png"]),
    ],
)
def test_file_names_are_compared_as_expressions_compare(pack, search, pattern, found):
    names = ["KISS.png", "K\u0131\u017fs.png", "100%_a\\b.png"]
    files = [indexed_file(number, filename=name) for number, name in enumerate(names)]
    ids = dict(zip(pack.images.store(files).added_ids, names, strict=True))
    assert sorted(ids[one] for one in search.files(pattern, 1).tolist()) == sorted(found)


@pytest.mark.parametrize(
    ("node", "ids"),
    [
        (NodeValue("KSampler"), [1]),
        (NodeValue("ksampler", "denoise", "<", 0.5), [1]),
        (NodeValue("KSampler", "denoise", ">=", 0.5), []),
        (NodeValue("Checkpoint", "ckpt_name", "=", "sd15"), [1]),
        (NodeValue("Checkpoint", "ckpt_name", "=", 15), [1]),
        (NodeValue("", "steps", "=", 20), [1]),
        (NodeValue("", None, "=", "safetensors"), [1]),
        (NodeValue("KSampler", "ckpt_name"), []),
    ],
)
def test_workflows_are_found_by_the_values_of_their_nodes(search, node, ids):
    assert search.graphs(node, 1).tolist() == ids


def test_values_that_are_filled_in_later_are_found_at_the_next_revision(search, database):
    node = NodeValue("KSampler", "steps", ">", 10)
    assert search.graphs(node, 1).tolist() == [1]
    change(database, "UPDATE graphs SET nodes = ? WHERE id = 2", packed(NODES))
    assert search.graphs(node, 2).tolist() == [1, 2]


def test_a_node_is_matched_line_by_line():
    lines = "load.image=ksampler.png\nksampler.steps=9"
    assert not node_matcher("ksampler", "image", None, None)(lines)
    assert node_matcher("load", "image", "=", "ksampler")(lines)
    assert not node_matcher("ksampler", "steps", ">", 9)(lines)
    assert node_matcher("sam2.1", None, None, None)("vae\nsam2.1")
    assert not node_matcher("sam2.1", "x", None, None)("vae\nsam2.1")
    nested = "power lora.lora_1.strength=1e-05"
    assert node_matcher("power lora", "strength", "<", 0.1)(nested)
    assert node_matcher("power lora", "lora_1.strength", "<", 0.1)(nested)
    assert not node_matcher("strength", None, None, None)(nested)
    assert node_matcher("ksampler", "steps", "<=", 9)(lines)


# --- needles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        ("castle", ("castle",)),
        ("Gr[ae]y", ("gray", "grey")),
        (r"\bwo?man\b", ("wman", "woman")),
        ("(red|blue) (hat|cap)s?", ("red hat", "red cap", "blue hat", "blue cap")),
        ("(?-i:Castle)", ("Castle",)),
        ("x*castle+", ("castl",)),
        ("a.*forest", ("forest",)),
        ("(?=.*castle)b", ("castle",)),
        ("屋根", ("屋根",)),
    ],
)
def test_what_must_occur_is_found_in_the_expression(pattern, needles):
    found = plan(pattern).needles
    assert found is not None
    assert set(found.texts) == set(needles)


@pytest.mark.parametrize("pattern", ["(castle)?", "castle|.", "[^a]", r"\w+", "(?!castle)", "é+"])
def test_an_expression_that_can_match_without_a_text_has_no_needle(pattern):
    assert plan(pattern).needles is None


@pytest.mark.parametrize(
    ("pattern", "letters", "length", "whole"),
    [
        (r"\d", string.digits, 1, True),
        (r"\w\d{4}\b", string.digits, 4, False),
        ("[0-9]{2,}", string.digits, 2, True),
        (r"(\w\d){3}", string.digits, 1, False),
        ("[aeiou]{3}", "aeiouAEIOU", 3, True),
        (r"\W[t-z][t-z]{2}", "tuvwxyzTUVWXYZ", 3, False),
        ("(?-i:[a-c]{2})", "abc", 2, True),
        ("[a-z]{9}", string.ascii_letters, 9, True),
    ],
)
def test_an_expression_may_need_some_letters_in_a_row(pattern, letters, length, whole):
    assert plan(pattern).row == Row(frozenset(letters), length, whole)


@pytest.mark.parametrize(
    "pattern", [r"\d*", r"\D", "[aeiou]", "[a-z]{3}", ".{9}", r"\s{3}", "[à-ü]{3}", "(?!\\d{4})"]
)
def test_a_row_that_most_texts_have_or_that_is_not_sure_is_not_looked_for(pattern):
    assert plan(pattern).row is None


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize(
    "item", ["a", "Z", "[^q]", "[a-f]", "[Z-b]", "[^k-s0]", r"\d", r"[\W_]", r"[^\w-]", r"[\Da]"]
)
def test_the_letters_of_an_item_are_those_that_it_matches(item, cased):
    flags = 0 if cased else re.IGNORECASE
    ((op, value),) = re_parser.parse(item, flags)
    found = letters(op, value, cased)
    assert found == {one for one in map(chr, range(128)) if re.match(item, one, flags)}


PIECES = st.sampled_from(
    [
        *"abcABC12 .",
        *("a?", "b*", "c+", "[ab]", "[^a]", "[a-c]", "[A-C]", "(a|bc)", "(ab)?", "(?:a|)", r"\b"),
        *(r"\d", r"\w", r"\W", "^", "$", "(?=b)", "(?!b)", "(?<=a)", "(?<!a)", "(?-i:aB)", "a{2}"),
        *(
            "(a|b)+",
            "b{1,2}",
            "ß",
            "s",
            "ſ",
            "é",
            "É",
            "猫",
            "|",
            "(c)\\1",
            ".*",
            "\\n",
            "(?i:A)",
            r"\d{2}",
            "[0-9]+",
            r"(b\d)+",
            *(r"\w+", "[ab]{2}", "[aB]{3}", "[^a1]{2,}", "[b-c]+?", "(?>[12]{1,2})", "[a-z]{8}"),
            *("(ab|AB|c)", "bc?[ab]", r"\bb", "(abc)?"),
        ),
    ]
)


@settings(max_examples=800)
@given(
    st.lists(PIECES, min_size=1, max_size=6).map("".join),
    st.lists(
        st.text("abcABC12 \nsſéÉ猫", max_size=12) | st.text("abcABC12 ", max_size=24), max_size=6
    ),
)
@example("(?-i:aB)", ["ab", "xaB"])
@example("a|bc", ["ab", "bC", ""])
@example("^b", ["ab", "b", "a\nb"])
@example("(?m)^b", ["ab", "b", "a\nb"])
@example("\\d{2}", ["１２", "a12", "1a2", "é12"])
@example("^b|c", ["ab", "b", "ac"])
@example("s", ["ſ", "S"])
@example(r"\bb[ac]c?\b", ["abac bac", "bacc", "b", "BC ba"])
@example(r"\b[a-c]+bc", ["1abc", "bc bc", "é abc", "ababcbc"])
@example("[ab]+c[ab]", ["aca", "é bcb", "c cb ACB"])
@example(r"a[12]{2}|[12]{3}", ["a12", "b21", "112"])
@example("(ab){2}c", ["abc", "cababc"])
def test_needles_change_nothing_of_what_is_found(pattern, texts):
    try:
        plain = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return
    how = plan(pattern)
    stored = texts if how.cased else [folded(text) for text in texts]
    found = set(matching(stored, re.compile(pattern, how.flags), how))
    assert found == {place for place, text in enumerate(texts) if plain.search(text)}


# --- deadlines and life -------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "([a-z]+)*[^a-z!]"])
def test_an_expression_that_explodes_is_stopped_and_explained(database, pattern):
    search = PatternSearch(database, shards=2, regex_limit_s=0.3)
    try:
        with pytest.raises(PatternTooSlow) as caught:
            search.prompts(pattern, "prompt", 1)
        assert isinstance(caught.value, BadRequest)
        assert "takes too long" in str(caught.value)
        assert caught.value.details["field"] == "search"
        assert [worker.running for worker in search._prompts] == [False, True]
        assert search.prompts("castle", "prompt", 1).tolist() == [1, 2]
    finally:
        search.stop()


class FakeWorker:
    """Answers from a list; an exception in it is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.killed = 0
        self.running = True

    def send(self, message, blob=b""):
        self.sent.append(message)

    def receive(self, timeout=None):
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def kill(self):
        self.killed += 1

    def close(self):
        self.running = False

    def worked(self):
        pass


READY = ({"ready": True}, b"")


def test_what_was_too_slow_is_refused_at_once_and_tried_again_later(tmp_path, clock):
    now = [0.0]
    worker = FakeWorker(READY, TimeoutError(), READY, ({"found": 2}, b"\0\1"))
    search = PatternSearch(tmp_path, shards=1, start=lambda *_: worker, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(PatternTooSlow):
            search.prompts("(a+)+$", "prompt", 1)
    assert (len(worker.sent), worker.killed) == (1, 1)
    now[0] = 1000.0
    assert search.prompts("(a+)+$", "prompt", 1).tolist() == [1]
    search.stop()


def test_the_same_question_at_the_same_revision_is_answered_from_memory(tmp_path):
    worker = FakeWorker(READY, ({"found": 2}, b"\0\1"), READY, ({"found": 3}, b"\0\1\1"))
    search = PatternSearch(tmp_path, shards=1, start=lambda *_: worker)
    assert search.prompts("a", "prompt", 1).tolist() == [1]
    assert search.prompts("a", "prompt", 1).tolist() == [1]
    assert search.prompts("a", "prompt", 2).tolist() == [1, 2]
    assert len(worker.sent) == 2
    search.stop()


def test_an_answer_holds_for_the_revision_that_the_worker_saw(tmp_path):
    worker = FakeWorker(READY, ({"found": 2, "rev": 7}, b"\0\1"))
    search = PatternSearch(tmp_path, shards=1, start=lambda *_: worker)
    for rev in (1, 7, 3):
        assert search.prompts("a", "prompt", rev).tolist() == [1]
    assert len(worker.sent) == 1
    search.stop()


def test_processes_that_are_done_are_kept_when_another_one_takes_too_long(tmp_path):
    workers = [
        FakeWorker(READY, TimeoutError()),
        FakeWorker(READY, ({"found": 2}, b"\0\1")),
        FakeWorker(),
    ]
    search = PatternSearch(
        tmp_path, shards=2, start=lambda shard, of: workers[shard + 2 * (of < 2)]
    )
    with pytest.raises(PatternTooSlow):
        search.prompts("a", "prompt", 1)
    assert [worker.killed for worker in workers] == [1, 0, 0]
    search.stop()


def test_a_worker_that_dies_is_a_search_that_did_not_work(tmp_path):
    search = PatternSearch(tmp_path, shards=1, start=lambda *_: FakeWorker(WorkerEnded("gone")))
    with pytest.raises(Unavailable, match="gone"):
        search.prompts("a", "prompt", 1)
    search.stop()


def test_an_error_of_the_worker_reaches_the_user(tmp_path):
    search = PatternSearch(
        tmp_path, shards=1, start=lambda *_: FakeWorker(READY, ({"error": "disk"}, b""))
    )
    with pytest.raises(Unavailable, match="disk"):
        search.prompts("a", "prompt", 1)
    search.stop()


def test_the_worker_starts_with_the_first_search_and_ends_with_the_pack(search):
    assert not search.running
    search.prompts("castle", "prompt", 1)
    assert search.running
    search.stop()
    search.stop()
    assert not search.running
    with pytest.raises(Unavailable):
        search.prompts("forest", "prompt", 1)


def test_prompts_can_be_read_ahead_while_an_expression_is_typed(search):
    search.prepare()
    search.prepare()
    wait_until(lambda: search.running)
    assert search.prompts("castle", "prompt", 1).tolist() == [1, 2]
    search.stop()
    search.prepare()
    assert not search.running


def test_a_worker_without_work_ends_and_starts_again(database):
    search = PatternSearch(database, idle_s=0.05)
    try:
        assert search.prompts("castle", "prompt", 1).tolist() == [1, 2]
        wait_until(lambda: not search.running)
        assert search.prompts("forest", "prompt", 1).tolist() == [2]
    finally:
        search.stop()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_worker_that_was_killed_is_started_again(search):
    search.prompts("castle", "prompt", 1)
    search._prompts[0].kill()
    assert search.prompts("forest", "prompt", 1).tolist() == [2]
