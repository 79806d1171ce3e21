"""Random queries agree with a naive reading of all rows: totals, facets, windows, order, groups."""

import dataclasses
import random
from collections import Counter
from datetime import datetime

import pytest
from holaf.holaf_database import ImageDatabase
from holaf.holaf_image_collections import Collections
from holaf.holaf_image_judging import Change, Judging
from holaf.holaf_image_store import name_key
from holaf.holaf_image_undo import Undoing
from holaf.holaf_image_viewer_backend import columns
from holaf.holaf_image_viewer_backend.combinations import scattered
from holaf.holaf_image_viewer_backend.facet_values import FACETS
from holaf.holaf_image_viewer_backend.facets import facet_counts
from holaf.holaf_image_viewer_backend.groups import GROUPS
from holaf.holaf_image_viewer_backend.query import SORTS, Query
from holaf.holaf_image_viewer_backend.query_terms import (
    All,
    AnyOf,
    Compare,
    Has,
    Like,
    Lora,
    Mark,
    NameIs,
    Not,
    Words,
)
from holaf.holaf_image_viewer_backend.views import ViewEngine
from library_rows import (
    LORAS,
    MODELS,
    SAMPLERS,
    SCHEDULERS,
    SHAPES,
    WORDS,
    digest,
    indexed_file,
    made_with,
    set_made_with,
    shape_of,
)

ROUNDS, QUERIES, SEEDS = 6, 25, 8  # 1,200 queries


@pytest.fixture
def database(tmp_path):
    database = ImageDatabase(tmp_path / "images.sqlite")
    yield database
    database.close()


@pytest.fixture
def engine(database):
    engine = ViewEngine(database)
    yield engine
    engine.stop()


class Row:
    """A picture as Python sees it."""

    def __init__(self, image_id, file, fact):
        self.id, self.file, self.fact, self.tags = image_id, file, fact, ()
        self.favourite, self.label, self.note, self.collections = False, "", "", set()

    @property
    def moment(self):
        return datetime.fromtimestamp(self.file.mtime_ns // 10**9)

    @property
    def day(self):
        return (self.moment.date() - datetime(1970, 1, 1).date()).days

    def facet(self, name):
        """The values of a facet that the picture counts for."""
        file, fact = self.file, self.fact
        if name in ("model", "sampler", "scheduler"):
            return {fact[name] or ""}
        if name == "lora":
            return {one for one, _ in fact["loras"]} or {""}
        if name == "shape":
            return {self.shape}
        if name == "folder":
            parts = file.folder.split("/") if file.folder else []
            return {"/".join(parts[: n + 1]) for n in range(len(parts))} or {""}
        if name == "format":
            return {file.format}
        if name == "resolution":
            return {f"{file.width}x{file.height}" if file.width and file.height else ""}
        if name == "orientation":
            if not (file.width and file.height):
                return {""}
            wide = file.width - file.height
            return {"landscape" if wide > 0 else "portrait" if wide < 0 else "square"}
        if name == "month":
            return {f"{self.moment:%Y-%m}"}
        if name == "rating":
            return {str(fact["rating"])}
        return set(self.tags) or {""}


def finds(needle, text):
    return any(word.startswith(needle.lower()) for word in text.lower().split())


def matches(row, node, rows):
    """Whether the picture is meant, term by term."""
    file, fact = row.file, row.fact
    if isinstance(node, All):
        return all(matches(row, one, rows) for one in node.children)
    if isinstance(node, AnyOf):
        return any(matches(row, one, rows) for one in node.children)
    if isinstance(node, Not):
        return not matches(row, node.child, rows)
    if isinstance(node, Words):
        places = {
            "file": lambda: node.text.lower() in file.filename.lower(),
            "prompt": lambda: finds(node.text, file.prompt_text),
            "negative": lambda: finds(node.text, file.negative_text),
            "workflow": lambda: finds(node.text, file.graph_text),
            "note": lambda: finds(node.text, row.note),
        }
        if node.where == "any":
            return any(places[one]() for one in ("file", "prompt", "workflow"))
        return places[node.where]()
    if isinstance(node, Compare):
        value = {
            "steps": fact["steps"],
            "cfg": fact["cfg"],
            "denoise": fact["denoise"],
            "seed": fact["seed"],
            "size": file.width * file.height or None,
            "width": file.width or None,
            "height": file.height or None,
            "rating": fact["rating"],
            "bytes": file.size_bytes,
            "mtime": row.day,
            "duration": file.duration or None,
        }[node.field]
        if value is None:
            return False
        low = node.low if node.low is not None else float("-inf")
        high = node.high if node.high is not None else float("inf")
        if node.op == ">":
            return value > low
        if node.op == "<":
            return value < high
        return low <= value <= high
    if isinstance(node, NameIs):
        known = {
            "model": [fact["model"]],
            "sampler": [fact["sampler"]],
            "scheduler": [fact["scheduler"]],
            "tag": list(row.tags),
            "collection": sorted(row.collections),
            "format": [file.format],
            "folder": [file.folder],
            "ext": [file.filename.rpartition(".")[2]],
        }[node.kind]
        known = [one for one in known if one is not None]
        if node.exact and node.text == "":
            return file.folder == "" if node.kind == "folder" else not known
        text = node.text.lower()
        if node.exact and node.kind == "folder":
            return any(one == text or one.startswith(text + "/") for one in known)
        if node.exact:
            return any(text in (one.lower(), base(one)) for one in known)
        return any(all(word in one.lower() for word in text.split()) for one in known)
    if isinstance(node, Lora):
        for name, strength in fact["loras"]:
            if all(word in name.lower() for word in node.text.lower().split()):
                if node.op is None:
                    return True
                if strength is not None and (
                    (node.op == ">=" and strength >= node.strength)
                    or (node.op == "<" and strength < node.strength)
                    or (node.op == "=" and strength == node.strength)
                ):
                    return True
        return False
    if isinstance(node, Like):
        other = rows.get(node.image_id)
        if other is None:
            return False
        if node.kind == "prompt":
            return bool(file.prompt_hash) and file.prompt_hash == other.file.prompt_hash
        if node.kind == "seed":
            return fact["seed"] is not None and fact["seed"] == other.fact["seed"]
        if other.shape:
            return row.shape == other.shape
        return bool(file.graph_hash) and file.graph_hash == other.file.graph_hash
    if isinstance(node, Mark):
        labels = {"none": row.label == "", "any": row.label != ""}
        return (
            row.favourite
            if node.what == "favourite"
            else labels.get(node.value, row.label == node.value)
        )
    assert isinstance(node, Has)
    return {
        "prompt": file.has_prompt,
        "workflow": file.has_workflow,
        "edits": file.has_edit_file,
        "tags": bool(row.tags),
        "rating": fact["rating"] > 0,
        "lora": bool(fact["loras"]),
        "note": bool(row.note),
    }[node.what]


def base(name):
    return name.lower().rpartition("/")[2].rpartition(".")[0]


def random_node(pick, ids, depth=0):
    kind = pick.randrange(13 if depth < 2 else 10)
    if kind == 8:
        return Mark("favourite", "yes")
    if kind == 9:
        return Mark("label", pick.choice(("none", "any", "red", "blue")))
    if kind == 0:
        where = pick.choice(("any", "prompt", "negative", "file", "workflow", "note"))
        return Words(pick.choice(WORDS)[: pick.randint(3, 9)], where=where)
    if kind in (1, 2):
        field, value = pick.choice(
            (
                ("steps", pick.choice((4, 20, 25))),
                ("cfg", pick.choice((1.0, 3.5, 7.1))),
                ("denoise", 0.35),
                ("seed", pick.choice((0, 1, 2**63, 2**64 - 2))),
                ("size", pick.choice((512 * 512, 512 * 768))),
                ("width", 512),
                ("height", 768),
                ("rating", pick.choice((0, 3, 5))),
                ("bytes", pick.randrange(50)),
                ("duration", 2.5),
                ("mtime", 19_675 + pick.randrange(30)),
            )
        )
        op = ".." if field == "mtime" else pick.choice(("=", ">", ">=", "<", "<=", ".."))
        low = None if op in ("<", "<=") else value
        high = None if op in (">", ">=") or (op == ".." and pick.random() < 0.5) else value
        return Compare(field, op, low, high)
    if kind == 3:
        name, texts = pick.choice(
            (
                ("model", ("base", "flux", "XL base", "qwen", "nosuch")),
                ("sampler", ("e", "dpmpp")),
                ("scheduler", ("karras",)),
                ("tag", ("x", "y")),
                ("collection", ("set", "one", "nosuch")),
                ("format", ("png", "web")),
                ("folder", ("a", "deep", "été")),
                ("ext", ("png",)),
            )
        )
        return NameIs(name, pick.choice(texts))
    if kind == 4:
        name, texts = pick.choice(
            (
                ("model", ("xl/base.safetensors", "flux-dev", "")),
                ("sampler", ("euler", "")),
                ("tag", ("x", "")),
                ("collection", ("Set one", "")),
                ("format", ("PNG",)),
                ("folder", ("a", "a/deep", "")),
            )
        )
        return NameIs(name, pick.choice(texts), exact=True)
    if kind == 5:
        op = pick.choice((None, ">=", "<", "="))
        return Lora(pick.choice(("ink", "detail", "wash")), op, None if op is None else 0.6)
    if kind == 6:
        return Like(pick.choice(("prompt", "seed", "workflow")), pick.choice(ids))
    if kind == 7:
        return Has(pick.choice(("prompt", "workflow", "edits", "tags", "rating", "lora", "note")))
    if kind == 10:
        return Not(random_node(pick, ids, depth + 1))
    children = tuple(random_node(pick, ids, depth + 1) for _ in range(2))
    return AnyOf(children) if kind == 11 else All(children)


def random_choices(pick, rows):
    choices = []
    for name in pick.sample(FACETS, pick.choice((0, 1, 1, 2, 3))):
        known = sorted({value for row in rows.values() for value in row.facet(name)}) + ["nosuch"]
        chosen = tuple(sorted(pick.sample(known, min(len(known), pick.choice((0, 1, 2))))))
        banned = tuple(sorted(pick.sample(known, 1))) if pick.random() < 0.3 else ()
        if chosen or banned:
            choices.append((name, chosen, banned))
    return tuple(sorted(choices))


def passes(row, choices, replaced=None):
    """`replaced` is a facet whose `any` does not count."""
    for name, chosen, banned in choices:
        values = row.facet(name)
        if values & set(banned):
            return False
        if chosen and name != replaced and not values & set(chosen):
            return False
    return True


def sort_value(row, key, seed):
    file, fact = row.file, row.fact
    if key == "random":
        import numpy as np

        start = scattered(np.array([seed], np.uint64))[0]
        return int(scattered(np.array([row.id], np.uint64) ^ start)[0])
    if key == "model":
        ordered = sorted(MODELS, key=lambda one: (one.casefold(), one))
        return 0 if fact["model"] is None else 1 + ordered.index(fact["model"])
    return {
        "mtime": file.mtime_ns,
        "name": name_key(file.filename),
        "size": file.size_bytes,
        "resolution": file.width * file.height,
        "duration": file.duration,
        "seed": -1 if fact["seed"] is None else fact["seed"],
        "rating": fact["rating"],
    }[key]


def group_key(row, group):
    if group == "day":
        return f"{row.moment:%Y-%m-%d}"
    if group == "month":
        return f"{row.moment:%Y-%m}"
    if group == "folder":
        return row.file.folder
    if group == "model":
        return row.fact["model"] or ""
    return row.prompt if group == "prompt" else row.shape


def expected_order(rows, query):
    found = sorted(
        rows,
        key=lambda row: (sort_value(row, query.sort, query.random_seed), row.id),
        reverse=query.descending,
    )
    group = query.group
    if group in ("day", "month"):
        newest_first = query.sort != "mtime" or query.descending
        return sorted(found, key=lambda row: group_key(row, group), reverse=newest_first)
    if group == "folder":
        return sorted(found, key=lambda row: row.file.folder.casefold())
    if group == "model":
        return sorted(found, key=lambda row: (row.fact["model"] is None, row_model(row)))
    if group is not None:
        first = {}
        for place, row in enumerate(found):
            first.setdefault(group_key(row, group), place)
        first[""] = len(found)
        return sorted(found, key=lambda row: first[group_key(row, group)])
    return found


def row_model(row):
    return (row.fact["model"] or "").casefold()


def ask(engine, query, names=FACETS, limit=1000, find=None):
    now = engine._now()
    faceted = engine._faceted(query, now)
    return facet_counts(faceted, now.rev, query.facets, names, limit, find, lambda _, texts: texts)


def check(engine, query, rows):
    live = list(rows.values())
    plain = [row for row in live if matches(row, query.search, rows)]
    shown = [row for row in plain if passes(row, query.facets)]
    expected = expected_order(shown, query)
    view = engine.open(query)
    assert view.ids.tolist() == [row.id for row in expected], repr(query)
    assert view.total_count == len(live)
    start = len(expected) // 3
    assert view.window(start, 7) == [row.id for row in expected[start : start + 7]]
    check_groups(view, query, expected)

    answer = ask(engine, query)
    assert answer["total"] == len(expected)
    for name in FACETS:
        counted = Counter(
            value
            for row in plain
            if passes(row, query.facets, replaced=name)
            for value in row.facet(name)
        )
        found = {one["value"]: one["count"] for one in answer["facets"][name]["values"]}
        assert {value: count for value, count in found.items() if count} == counted, (name, query)
        assert answer["facets"][name]["distinct"] == len(counted)
    return view


def check_groups(view, query, expected):
    if query.group is None:
        assert view.groups.as_list() == []
    else:
        spelled = [(one["key"], one["start"]) for one in view.groups.as_list()]
        keys = [group_key(row, query.group) for row in expected]
        starts = [n for n, key in enumerate(keys) if n == 0 or keys[n - 1] != key]
        assert spelled == [(keys[n], n) for n in starts]
        assert sum(one["count"] for one in view.groups.as_list()) == len(expected)
        assert len({key for key, _ in spelled}) == len(spelled)
    months = view.months.as_list()
    if query.group in ("day", "month") or (query.group is None and query.sort == "mtime"):
        keys = [group_key(row, "month") for row in expected]
        assert [key for one in months for key in [one["key"]] * one["count"]] == keys
    else:
        assert months == []


def apply_patch(old, patch):
    gone = set(patch["removed"])
    ids = [one for place, one in enumerate(old) if place not in gone]
    for place, one, _aspect in patch["inserted"]:
        ids.insert(place, one)
    return ids


def check_groups_patch(old, patch, new):
    kept, between = old.as_list(), patch["between"]
    after = kept[len(kept) - patch["after"] :]
    made = [(one["key"], one["label"], one["count"]) for one in kept[: patch["before"]]]
    made += between
    made += [(one["key"], one["label"], one["count"]) for one in after]
    assert made == [(one["key"], one["label"], one["count"]) for one in new.as_list()]


class Library:
    """The database, and the same pictures as Python objects."""

    def __init__(self, database, pick, seed):
        self.database, self.pick, self.seed = database, pick, seed
        self.rows, self.number = {}, 0
        undoing = Undoing()
        self.judging, self.collections = Judging(database, undoing), Collections(database, undoing)
        self.sets = {name: self.collections.create(name) for name in ("set one", "set two")}

    def change(self):
        pick, rows = self.pick, self.rows
        gone = pick.sample(sorted(rows), min(len(rows), pick.randrange(8)))
        paths = [rows.pop(one).file.path_canon for one in gone]
        fresh = {}
        for _ in range(pick.randint(1, 50)):
            duration = pick.choice((0.0, 0.0, 2.5, 9.25))
            file = indexed_file(self.number, self.seed, duration=duration)
            if file.prompt_hash:  # the two texts are one prompt
                negative = WORDS[file.prompt_hash[0] % len(WORDS)]
                file = dataclasses.replace(file, negative_text=negative)
            fresh[self.number] = file
            self.number += 1
        added = self.database.store(list(fresh.values()), removed=paths).added_ids
        for image_id, (number, file) in zip(added, fresh.items(), strict=True):
            rows[image_id] = Row(image_id, file, made_with(number, self.seed))
        touched = pick.sample(sorted(rows), min(len(rows), 6))
        for one in touched[:3]:
            other = pick.choice(list(rows.values()))
            rows[one].file = dataclasses.replace(rows[one].file, mtime_ns=other.file.mtime_ns)
            self.database.store([rows[one].file])
        for one in touched[2:]:
            rows[one].fact = made_with(pick.randrange(10**6), self.seed)
        set_made_with(self.database, {one: rows[one].fact for one in [*added, *touched]})
        for one in pick.sample(sorted(rows), min(len(rows), 4)):
            rows[one].tags = tuple(pick.sample(("x", "y", "z"), pick.randrange(3)))
            self.database.set_tags(one, rows[one].tags)
        for _ in range(3):
            self.judge(pick.sample(sorted(rows), min(len(rows), 5)))
        self.learn_ids()

    def judge(self, ids):
        """As a user does it, at times undone at once."""
        pick, chosen = self.pick, [self.rows[one] for one in ids]
        change = {
            "rating": pick.choice((None, 0, 3, 5)),
            "favourite": pick.choice((None, True, False)),
            "label": pick.choice((None, "", "red", "blue")),
            "note": pick.choice((None, "", *WORDS[:3])),
            "add_tags": tuple(pick.sample(("x", "y", "z"), pick.randrange(2))),
        }
        done = self.judging.judge(ids, Change(**change))
        if done["undo"] and pick.random() < 0.3:
            self.judging.undo(done["undo"])
        else:
            for row in chosen:
                for name in ("favourite", "label", "note"):
                    if change[name] is not None:
                        setattr(row, name, change[name])
                if change["rating"] is not None:
                    row.fact = {**row.fact, "rating": change["rating"]}
                row.tags = tuple({*row.tags, *change["add_tags"]})
        name = pick.choice(sorted(self.sets))
        if pick.random() < 0.5:
            self.collections.add(self.sets[name], ids)
            for row in chosen:
                row.collections.add(name)
        else:
            self.collections.remove(self.sets[name], ids)
            for row in chosen:
                row.collections.discard(name)

    def learn_ids(self):
        """Ids of prompts and shapes are the database's."""
        with self.database.read() as db:
            for row in db.execute(
                "SELECT images.id, coalesce(prompt_id, '') AS prompt, "
                "coalesce(shape_id, '') AS shape "
                "FROM images LEFT JOIN graphs ON graphs.id = graph_id"
            ):
                self.rows[row["id"]].prompt = str(row["prompt"])
                self.rows[row["id"]].shape = str(row["shape"])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_queries_agree_with_a_naive_reading_also_after_live_patches(
    database, engine, seed, monkeypatch
):
    pick = random.Random(seed)
    library = Library(database, pick, seed)
    if seed % 2:
        monkeypatch.setattr(columns, "FEW_DEAD", 0)  # slots are moved together every now and then
    clients = {}
    engine.load()
    for turn in range(ROUNDS):
        library.change()
        if turn == 3:
            # A restart: what was committed after the snapshot is taken over from the database.
            engine.save_snapshot()
            library.change()
            engine.stop()
            engine, clients = ViewEngine(database), {}
        queries = []
        for _ in range(QUERIES):
            nodes = tuple(
                random_node(pick, sorted(library.rows)) for _ in range(pick.choice((0, 0, 1, 2)))
            )
            queries.append(
                Query(
                    search=All(nodes),
                    facets=random_choices(pick, library.rows),
                    sort=pick.choice(SORTS),
                    descending=pick.random() < 0.5,
                    random_seed=pick.randrange(3),
                    group=pick.choice((None, None, *GROUPS)),
                )
            )
        for query in [*queries, *clients]:
            view = check(engine, query, library.rows)
            if query in clients:
                old = clients[query]
                patch = engine.patch(old.id, view)
                if patch is not None:  # None: the whole is asked for
                    assert apply_patch(old.ids.tolist(), patch) == view.ids.tolist()
                    check_groups_patch(old.groups, patch["groups"], view.groups)
                    check_groups_patch(old.months, patch["months"], view.months)
            if query in clients or len(clients) < 6:
                clients[query] = view


def test_the_names_of_the_sample_are_all_in_use():
    facts = [made_with(n) for n in range(300)]
    assert {one["model"] for one in facts} == {None, *MODELS}
    assert {one["sampler"] for one in facts} == {None, *SAMPLERS}
    assert {one["scheduler"] for one in facts} == {None, *SCHEDULERS}
    assert {name for one in facts for name, _ in one["loras"]} == set(LORAS)
    assert {shape_of(digest(one)) for one in WORDS} == {None, *SHAPES}
