"""Lists a folder: the names in it that belong to the library, a slice at a time."""

# Plain strings instead of Path objects: this runs once for each of a million files.
# ruff: noqa: PTH208

from __future__ import annotations

import os
from collections.abc import Callable, Generator

from . import media_types
from .library_paths import escape_name
from .listing import EDIT_PRODUCT, SIDECARS, Listing, RootState, is_folder, is_listed_file
from .turns import STEPS, Turn


def list_folder(
    state: RootState, rel: str, enters: Callable[[RootState, str], bool], turn: Turn
) -> Generator[None, None, Listing]:
    """Returns the names. `enters` says which folders are listed. Raises OSError."""
    listing = Listing()
    names = []
    in_edit = rel.rpartition("/")[2] == "edit"
    with os.scandir(state.path(rel)) as entries:
        for entry in entries:
            name = entry.name
            names.append(name)
            if len(names) % STEPS == 0 and turn.over:
                yield
                turn.begin()
            if name[0] == ".":
                continue
            listing.empty = False
            if media_types.format_of(name) is not None:
                if in_edit and EDIT_PRODUCT.search(name):
                    continue
                if is_listed_file(entry, state.home):
                    listing.files[escape_name(name)] = entry
                    continue
            elif name[name.rfind(".") :].lower() in SIDECARS and not is_folder(entry):
                listing.sidecars.append(entry)
                continue
            if is_folder(entry):
                child = f"{rel}/{name}" if rel else name
                if enters(state, child):
                    listing.folders.append(name)
    if "edit" in listing.folders:
        try:
            edits = os.listdir(state.path(f"{rel}/edit" if rel else "edit"))
        except OSError:
            edits = []
        listing.edits = frozenset(edits)
    if listing.sidecars or listing.edits or any(name.endswith(".edt") for name in names):
        listing.names = frozenset(names)
    return listing
