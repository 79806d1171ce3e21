"""The statements that write a batch of rows (see `holaf_image_batch.py`).

A part is given as bytes: SQLite takes them as text without Python decoding a megabyte first. Only
what SQLite 3.31 knows is used.
"""

from __future__ import annotations

from .holaf_image_batch import FIELDS, HASH, SHARED, WIDTH
from .holaf_image_batch import JSON_PARTS as JSON_PARTS
from .holaf_image_batch import PARTS as PARTS


def rows_of(part: str) -> str:
    return f"json_each(CAST(:{part} AS TEXT)) AS part"


def at(place: int) -> str:
    return f"json_extract(part.value, '$[{place}]')"


def hash_at(place: int) -> str:
    return f"substr(:hashes, {at(place)}, {HASH})"


# What the rows of a batch refer to, in the order in which they refer to each other.
INSERTS = (
    (
        "folders",
        "INSERT OR IGNORE INTO folders (root_id, path) "
        f"SELECT {at(0)}, {at(1)} FROM {rows_of('folders')}",
    ),
    (
        "names",
        f"INSERT OR IGNORE INTO names (kind, name) SELECT {at(0)}, {at(1)} FROM {rows_of('names')}",
    ),
    (
        "sets",
        f"INSERT OR IGNORE INTO lora_sets (hash) SELECT {hash_at(0)} FROM {rows_of('sets')}",
    ),
    (
        # A LoRA that a graph applies twice is listed with its first strength.
        "members",
        "INSERT OR IGNORE INTO lora_set_members (set_id, name_id, strength, strength_clip) "
        f"SELECT (SELECT id FROM lora_sets WHERE hash = {hash_at(0)}), "
        f"(SELECT id FROM names WHERE kind = 'lora' AND name = {at(1)}), {at(2)}, {at(3)} "
        f"FROM {rows_of('members')}",
    ),
    (
        "shapes",
        "INSERT OR IGNORE INTO shapes (hash, label) "
        f"SELECT {hash_at(0)}, {at(1)} FROM {rows_of('shapes')}",
    ),
)

# (part and table, its rows, the words of those that are new: their ids are above :newest)
TEXTS = (
    (
        "prompts",
        "INSERT OR IGNORE INTO prompts (hash, prompt_text, negative_text) "
        f"SELECT {hash_at(0)}, {at(1)}, {at(2)} FROM {rows_of('prompts')}",
        "INSERT INTO prompts_fts (rowid, prompt_text, negative_text) "
        f"SELECT prompts.id, coalesce({at(3)}, {at(1)}), coalesce({at(4)}, {at(2)}) "
        f"FROM {rows_of('prompts')} CROSS JOIN prompts ON hash = {hash_at(0)} "
        "WHERE prompts.id > :newest",
    ),
    (
        "graphs",
        # Graphs that an older version stored get what it did not know.
        "INSERT INTO graphs (hash, shape_id, nodes) "
        f"SELECT {hash_at(0)}, (SELECT id FROM shapes WHERE hash = {hash_at(2)}), "
        f"substr(:nodes, {at(3)}, {at(4)}) FROM {rows_of('graphs')} WHERE true "
        "ON CONFLICT (hash) DO UPDATE SET shape_id = excluded.shape_id, nodes = excluded.nodes "
        "WHERE shape_id IS NULL",
        "INSERT INTO graphs_fts (rowid, graph_text) "
        f"SELECT graphs.id, {at(1)} FROM {rows_of('graphs')} "
        f"CROSS JOIN graphs ON hash = {hash_at(0)} WHERE graphs.id > :newest",
    ),
)

LISTED = (
    "INSERT INTO folders (root_id, path, mtime_ns) "
    f"SELECT {at(0)}, {at(1)}, {at(2)} FROM {rows_of('listed')} WHERE true "
    "ON CONFLICT (root_id, path) DO UPDATE SET mtime_ns = excluded.mtime_ns"
)


def shared(place: int, name: str) -> str:
    """A field of a row of `shared`, or the id of what it names."""
    if name == "folder":
        return f"(SELECT id FROM folders WHERE root_id = {at(0)} AND folders.path = {at(place)})"
    if name in ("model", "sampler", "scheduler"):
        return f"(SELECT id FROM names WHERE kind = '{name}' AND name = {at(place)})"
    return at(place)


_IDS = {name: f"{name}_id" for name in ("folder", "model", "sampler", "scheduler")}
_SHARED = [_IDS.get(name, name) for name in SHARED]

# What of a batch is asked for again and again. Temporary tables are in memory, and this
# connection's own.
SCRATCH = (
    "CREATE TEMP TABLE IF NOT EXISTS batch_shared "
    f"(place INTEGER PRIMARY KEY, {', '.join(_SHARED)})",
    "CREATE TEMP TABLE IF NOT EXISTS batch_known (place INTEGER PRIMARY KEY, id, is_back)",
    "CREATE TEMP TABLE IF NOT EXISTS batch_rows (value INTEGER PRIMARY KEY)",
    "DELETE FROM temp.batch_shared",
    "DELETE FROM temp.batch_known",
    "DELETE FROM temp.batch_rows",
)
SHARED_ROWS = (
    "INSERT INTO temp.batch_shared "
    f"SELECT part.key + 1, {', '.join(shared(*one) for one in enumerate(SHARED))} "
    f"FROM {rows_of('shared')}"
)

# Each field of a file asks for the number of its row, and a table tells it sooner than JSON.
ROWS = "INSERT INTO temp.batch_rows SELECT value FROM json_each(:numbers)"
FILE_ROWS = "temp.batch_rows AS row"


def raw(name: str) -> str:
    """The bytes of a field of a file."""
    start = 1
    for field, (width, _) in FIELDS.items():
        if field == name:
            return f"substr(:files, row.value * {WIDTH} + {start}, {width})"
        start += width
    raise KeyError(name)


def integer(name: str) -> str:
    return f"CAST({raw(name)} AS INTEGER)"


def known_only(name: str, kind: str) -> str:
    """A number, or NULL where the field is blank."""
    return f"CAST(nullif(trim(CAST({raw(name)} AS TEXT)), '') AS {kind})"


def text(*before: str, length: str) -> str:
    """A text of a file that lies behind others of its own."""
    start = " + ".join(integer(one) for one in ("text_at", *before))
    return f"CAST(substr(:texts, {start}, {length}) AS TEXT)"


def hashed(table: str, name: str) -> str:
    return f"(SELECT id FROM {table} WHERE hash = substr(:hashes, {integer(name)}, {HASH}))"


PATH = text(length=integer("path_length"))
_NAME_AT = f"{integer('text_at')} + {integer('path_length')} - {integer('name_length')}"

_VALUES = {
    **{name: f"shared.{name}" for name in _SHARED},
    "filename": f"CAST(substr(:texts, {_NAME_AT}, {integer('name_length')}) AS TEXT)",
    "name_key": text("path_length", length=integer("key_length")),
    "mtime": f"{integer('mtime_ns')} / 1e9",
    "prompt_id": hashed("prompts", "prompt"),
    "graph_id": hashed("graphs", "graph"),
    "lora_set_id": hashed("lora_sets", "loras"),
    "thumb_hash": text("path_length", "key_length", length=integer("thumb_length")),
    "steps": known_only("steps", "INTEGER"),
    "cfg": known_only("cfg", "REAL"),
    "denoise": known_only("denoise", "REAL"),
    "seed": known_only("seed", "INTEGER"),
    "mtime_ns": integer("mtime_ns"),
    "size_bytes": integer("size_bytes"),
    "pixel_key": integer("pixel_key"),
    "parser": ":parser",
    "rev": ":rev",
}

KNOWN = f"""
    INSERT INTO temp.batch_known
    SELECT row.value, images.id, 0 FROM {FILE_ROWS} CROSS JOIN images ON path_canon = {PATH}
"""

# A row that is known, or comes back, has its id already. No other way to say so: an upsert by path
# would take a new id for each known row and throw it away.
FILES = f"""
    INSERT INTO images (id, path_canon, {", ".join(_VALUES)})
    SELECT (SELECT id FROM temp.batch_known WHERE place = row.value), {PATH},
        {", ".join(_VALUES.values())}
    FROM {FILE_ROWS} CROSS JOIN temp.batch_shared AS shared ON shared.place = {integer("shared")}
    WHERE true
    ON CONFLICT (id) DO UPDATE SET
        thumbnail_status = CASE WHEN thumb_hash = excluded.thumb_hash
            THEN thumbnail_status ELSE 0 END,
        thumbnail_error = CASE WHEN thumb_hash = excluded.thumb_hash
            THEN thumbnail_error ELSE '' END,
        placeholder = CASE WHEN thumb_hash = excluded.thumb_hash THEN placeholder END,
        {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
"""

# (id, whether it is new or back), in the order of the batch
IDS = f"""
    SELECT images.id, images.id > :before OR EXISTS
        (SELECT 1 FROM temp.batch_known WHERE place = row.value AND is_back)
    FROM {FILE_ROWS} CROSS JOIN images ON path_canon = {PATH} ORDER BY row.value
"""

# Files that no row knows and that somebody may have made something for.
MAY_RETURN = f"""
    SELECT row.value, {PATH}, {integer("pixel_key")}, {integer("size_bytes")}
    FROM {FILE_ROWS}
    WHERE row.value NOT IN (SELECT place FROM temp.batch_known)
    AND ({integer("pixel_key")} IN (SELECT pixel_key FROM departed)
        OR {PATH} IN (SELECT path_canon FROM departed))
"""

# New files have no tags yet but those of the batch.
_BEFORE = "(SELECT id FROM temp.batch_known)"
FORGET_TAGS = f"DELETE FROM imagetags WHERE from_file = 1 AND image_id IN {_BEFORE}"
NEW_TAGS = f"INSERT OR IGNORE INTO tags (name) SELECT {at(1)} FROM {rows_of('tags')}"
# A rating counts from when it was given, wherever that was: the newest one is the user's wish. That
# a file has none says something only where there was one.
RATINGS = (
    "INSERT INTO marks (image_id, rating, rated_at) "
    f"SELECT images.id, {at(1)}, {at(2)} FROM {rows_of('ratings')} "
    f"JOIN images ON path_canon = {at(0)} "
    f"WHERE {at(1)} > 0 OR EXISTS (SELECT 1 FROM marks WHERE image_id = images.id) "
    "ON CONFLICT (image_id) DO UPDATE SET rating = excluded.rating, rated_at = excluded.rated_at "
    "WHERE excluded.rated_at > rated_at"
)
# A tag that the user gives is theirs, even if a sidecar has it too.
TAGS = (
    "INSERT INTO imagetags (image_id, tag_id, from_file) "
    f"SELECT (SELECT id FROM images WHERE path_canon = {at(0)}), "
    f"(SELECT id FROM tags WHERE name = {at(1)}), 1 FROM {rows_of('tags')} WHERE true "
    "ON CONFLICT (image_id, tag_id) DO UPDATE SET from_file = min(from_file, excluded.from_file)"
)
