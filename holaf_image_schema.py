"""The schema of the images database, as its steps. A released step never changes."""

from __future__ import annotations

import sqlite3

from .holaf_image_batch import searchable


def prompts_by_two_letters(db: sqlite3.Connection) -> None:
    """Most prompts have a word that begins with some two letters: with a list of their own they
    are found in a fourth of the time, for 20 bytes a picture."""
    db.create_function("searchable", 1, searchable)
    db.execute("DROP TABLE prompts_fts")
    db.execute(
        "CREATE VIRTUAL TABLE prompts_fts USING fts5(prompt_text, negative_text, content='', "
        "prefix='2', tokenize='unicode61 remove_diacritics 2')"
    )
    db.execute(
        "INSERT INTO prompts_fts (rowid, prompt_text, negative_text) "
        "SELECT id, searchable(prompt_text), searchable(negative_text) FROM prompts"
    )


STEPS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO meta VALUES ('rev', 0), ('last_update', 0.0);

    CREATE TABLE roots (
        root_id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        path TEXT NOT NULL,
        reachable INTEGER NOT NULL,
        message TEXT NOT NULL DEFAULT ''
    );

    CREATE TABLE folders (
        id INTEGER PRIMARY KEY,
        root_id TEXT NOT NULL,
        path TEXT NOT NULL,
        mtime_ns INTEGER NOT NULL DEFAULT 0,
        UNIQUE (root_id, path)
    );

    CREATE TABLE prompts (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        prompt_text TEXT NOT NULL,
        negative_text TEXT NOT NULL
    );
    -- Contentless: the words are found here, the text is read from `prompts`. A prompt that no
    -- image has any more stays, so that a picture that comes back finds it again.
    CREATE VIRTUAL TABLE prompts_fts USING fts5(
        prompt_text, negative_text, content='', tokenize='unicode61 remove_diacritics 2'
    );

    -- One row for each distinct workflow graph. Its text is only searched, never shown: what a
    -- person reads comes from the picture itself.
    CREATE TABLE graphs (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
    CREATE VIRTUAL TABLE graphs_fts USING fts5(
        graph_text, content='', tokenize='unicode61 remove_diacritics 2'
    );

    CREATE TABLE images (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        path_canon TEXT NOT NULL UNIQUE,
        root_id TEXT NOT NULL,
        folder_id INTEGER NOT NULL,
        top_level_subfolder TEXT NOT NULL,
        filename TEXT NOT NULL,
        name_key TEXT NOT NULL,
        format TEXT NOT NULL,
        kind TEXT NOT NULL,
        mtime REAL NOT NULL,
        mtime_ns INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        duration REAL NOT NULL,
        prompt_id INTEGER,
        graph_id INTEGER,
        has_workflow INTEGER NOT NULL,
        has_prompt INTEGER NOT NULL,
        has_edit_file INTEGER NOT NULL,
        has_tags INTEGER NOT NULL DEFAULT 0,
        prompt_source INTEGER NOT NULL,
        workflow_source INTEGER NOT NULL,
        is_trashed INTEGER NOT NULL DEFAULT 0,
        original_path_canon TEXT,
        pixel_key INTEGER NOT NULL,
        thumb_hash TEXT NOT NULL,
        thumbnail_status INTEGER NOT NULL DEFAULT 0,
        thumbnail_error TEXT NOT NULL DEFAULT '',
        placeholder BLOB,
        error TEXT NOT NULL DEFAULT '',
        parser INTEGER NOT NULL DEFAULT 0,
        rev INTEGER NOT NULL
    );
    CREATE INDEX images_newest ON images (is_trashed, top_level_subfolder, mtime DESC);
    CREATE INDEX images_folder ON images (folder_id);
    -- Both the natural order of names and the search in them read this index alone.
    CREATE INDEX images_name ON images (name_key, filename);
    CREATE INDEX images_rev ON images (rev);
    CREATE INDEX images_identity ON images (pixel_key);
    CREATE INDEX images_unfinished ON images (mtime DESC) WHERE thumbnail_status = 0;

    -- Ids that are gone, for whoever follows the revisions.
    CREATE TABLE removed_images (rev INTEGER NOT NULL, image_id INTEGER NOT NULL);
    CREATE INDEX removed_images_rev ON removed_images (rev);

    -- User data is keyed by image id and outlives the row: see `departed`.
    CREATE TABLE marks (
        image_id INTEGER PRIMARY KEY,
        rating INTEGER NOT NULL DEFAULT 0,
        favourite INTEGER NOT NULL DEFAULT 0,
        label TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE imagetags (
        image_id INTEGER NOT NULL,
        tag_id INTEGER NOT NULL REFERENCES tags (id),
        from_file INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (image_id, tag_id)
    ) WITHOUT ROWID;
    CREATE INDEX imagetags_tag ON imagetags (tag_id);

    -- Pictures that left with user data: it comes back with the same pixels, or the same path.
    CREATE TABLE departed (
        id INTEGER PRIMARY KEY,
        path_canon TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        pixel_key INTEGER NOT NULL,
        left_at REAL NOT NULL
    );
    CREATE INDEX departed_identity ON departed (pixel_key);

    CREATE VIEW images_full AS
        SELECT images.*, prompts.prompt_text, prompts.negative_text
        FROM images LEFT JOIN prompts ON prompts.id = images.prompt_id;
    """,
    """
    -- How a picture was made, as far as its metadata says; NULL where that is unknown.
    ALTER TABLE images ADD COLUMN model_id INTEGER;
    ALTER TABLE images ADD COLUMN sampler_id INTEGER;
    ALTER TABLE images ADD COLUMN scheduler_id INTEGER;
    ALTER TABLE images ADD COLUMN lora_set_id INTEGER;
    ALTER TABLE images ADD COLUMN steps INTEGER;
    ALTER TABLE images ADD COLUMN cfg REAL;
    ALTER TABLE images ADD COLUMN denoise REAL;
    -- The 64 bits of the seed; SQLite reads them as a signed number.
    ALTER TABLE images ADD COLUMN seed INTEGER;

    -- kind: model, lora, sampler, scheduler. Names as the graph has them, with their folder.
    CREATE TABLE names (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (kind, name)
    );
    CREATE TABLE lora_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
    CREATE TABLE lora_set_members (
        set_id INTEGER NOT NULL REFERENCES lora_sets (id),
        name_id INTEGER NOT NULL REFERENCES names (id),
        strength REAL,
        strength_clip REAL,
        PRIMARY KEY (set_id, name_id)
    ) WITHOUT ROWID;

    -- Graphs of one shape have the same nodes, whatever their widgets say.
    CREATE TABLE shapes (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        label TEXT NOT NULL
    );
    ALTER TABLE graphs ADD COLUMN shape_id INTEGER;
    -- zlib of lines such as "KSampler.steps=20", without prompts and seeds.
    ALTER TABLE graphs ADD COLUMN nodes BLOB;

    CREATE TABLE saved_searches (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        query TEXT NOT NULL,
        created_at REAL NOT NULL
    );
    """,
    prompts_by_two_letters,
    """
    -- What was judged when and how, for whoever follows the revisions: see `holaf_image_undo`.
    -- `ids` are unsigned, 4 bytes each, the lowest byte first. The rows of `images` stay as they
    -- are: to write to 100,000 of them takes seconds. For the same reason `images.has_tags` is no
    -- longer written, nor read.
    CREATE TABLE judged (
        rev INTEGER NOT NULL,
        what TEXT NOT NULL,
        value INTEGER NOT NULL,
        ids BLOB NOT NULL
    );
    CREATE INDEX judged_rev ON judged (rev);
    INSERT INTO meta VALUES ('judged_since', 0);
    CREATE INDEX removed_images_id ON removed_images (image_id);

    -- When the rating was given: here, or in a file of another program.
    ALTER TABLE marks ADD COLUMN rated_at REAL NOT NULL DEFAULT 0;
    CREATE INDEX marks_noted ON marks (image_id) WHERE note <> '';

    CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        created_at REAL NOT NULL
    );
    CREATE TABLE collection_items (
        collection_id INTEGER NOT NULL REFERENCES collections (id),
        image_id INTEGER NOT NULL,
        PRIMARY KEY (collection_id, image_id)
    ) WITHOUT ROWID;
    CREATE INDEX collection_items_image ON collection_items (image_id);
    """,
)
