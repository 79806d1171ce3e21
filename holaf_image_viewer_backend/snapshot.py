"""The columns in one file beside the database: a restart reads them instead of a million rows.

It is only ever a copy. Whatever is wrong with it, or does not belong to this database as it is now,
is said in the log, and the database is read instead.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger("holaf.images")

Parts = dict[str, np.ndarray[Any, np.dtype[Any]]]

MAGIC = b"HolafCol"
FORMAT = 3  # of the file; raised when a column is added or means something else
_head = struct.Struct("<8sII")  # magic, bytes of the header, its crc
LARGEST_HEADER = 1 << 20
SLOT = "slot."  # arrays that get room for more rows


class Unusable(Exception):
    """Why a snapshot cannot be used."""


@dataclass(frozen=True)
class Origin:
    """What a snapshot must agree in with the database, but for the revision: it may be older."""

    identity: str
    schema: int
    zone: int
    rev: int


def save(path: Path, origin: Origin, parts: Parts) -> None:
    """Write all of `parts`, then put the file in its place: a half one never has the name."""
    arrays, offset = [], 0
    for name, array in parts.items():
        empty = name.startswith(SLOT) and not array.any()
        arrays.append(
            {
                "name": name,
                "dtype": array.dtype.str,
                "shape": list(array.shape),
                "offset": offset,
                "bytes": 0 if empty else array.nbytes,
                "crc": 0 if empty else zlib.crc32(data_of(array)),
            }
        )
        offset += 0 if empty else array.nbytes
    header = json.dumps({"format": FORMAT, **vars(origin), "arrays": arrays}).encode()
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(_head.pack(MAGIC, len(header), zlib.crc32(header)))
        file.write(header)
        for entry, array in zip(arrays, parts.values(), strict=True):
            if entry["bytes"]:
                file.write(data_of(array))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path, now: Origin) -> Parts:
    """The arrays of a snapshot of this database, and `rev`. Those by slot have room for more rows:
    as many as `alive` has are meant. Raises `Unusable`, or FileNotFoundError."""
    try:
        with path.open("rb") as file:
            header = read_header(file)
            agree(header, now)
            start = file.tell()
            parts = {entry["name"]: read_array(file, start, entry) for entry in header["arrays"]}
    except FileNotFoundError:
        raise
    except (OSError, KeyError, TypeError, ValueError, MemoryError) as error:
        raise Unusable(f"it is damaged: {error}") from error
    parts["rev"] = np.array([header["rev"]])
    return parts


def read_header(file: Any) -> dict[str, Any]:
    head = file.read(_head.size)
    if len(head) < _head.size:
        raise Unusable("it is damaged: cut short")
    magic, length, crc = _head.unpack(head)
    if magic != MAGIC or length > LARGEST_HEADER:
        raise Unusable("it is damaged: no header")
    text = file.read(length)
    if zlib.crc32(text) != crc:
        raise Unusable("it is damaged: its header does not have the right checksum")
    return json.loads(text)


def agree(header: dict[str, Any], now: Origin) -> None:
    for key, found, wanted in (
        ("format", header["format"], FORMAT),
        ("database", header["identity"], now.identity),
        ("schema of the database", header["schema"], now.schema),
        ("time zone", header["zone"], now.zone),
    ):
        if found != wanted:
            raise Unusable(f"it is of another {key}")
    if header["rev"] > now.rev:
        raise Unusable(
            f"it is of a later revision ({header['rev']}) than the database ({now.rev}), "
            "which was put back to an earlier state"
        )


def read_array(file: Any, start: int, entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    dtype, shape = np.dtype(entry["dtype"]), tuple(entry["shape"])
    count = int(np.prod(shape))
    if dtype.hasobject or entry["bytes"] not in (0, count * dtype.itemsize):
        raise ValueError(f"{entry['name']} has no right size")
    room = count // 16 + 1024 if entry["name"].startswith(SLOT) else 0
    array = np.zeros((count + room,), dtype)
    if entry["bytes"]:
        file.seek(start + entry["offset"])
        meant = array[:count].data.cast("B")
        if file.readinto(meant) != entry["bytes"]:
            raise ValueError("cut short")
        if zlib.crc32(meant) != entry["crc"]:
            raise ValueError(f"{entry['name']} does not have the right checksum")
    return array if room else array.reshape(shape)


def data_of(array: np.ndarray) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
