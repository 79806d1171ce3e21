"""How this process and its worker programs talk over a pipe: JSON, and bytes that belong to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from . import json

_sizes = struct.Struct("<II")

# A worker sends batches of rows and thumbnails. More than this is a damaged stream.
LARGEST = 256 * 1024 * 1024


class Damaged(Exception):
    """The other side wrote something that is no frame: it must be ended."""


def encode(message: Any, blob: bytes | memoryview = b"") -> bytes:
    """u32 length of the JSON, u32 length of the bytes (little-endian), the JSON, the bytes."""
    text = json.dumps(message)
    return b"".join((_sizes.pack(len(text), len(blob)), text, blob))


def read(read_some: Callable[[int], bytes]) -> tuple[Any, bytes] | None:
    """The next message and its bytes; None where the stream ends. Raises Damaged.

    `read_some(n)` returns 1 to n bytes, or none at the end. A frame that breaks off half-way is
    the end too: its writer died.
    """
    head = _exactly(read_some, _sizes.size)
    if head is None:
        return None
    text_length, blob_length = _sizes.unpack(head)
    if text_length > LARGEST or blob_length > LARGEST:
        raise Damaged(f"a frame of {text_length} + {blob_length} bytes")
    text = _exactly(read_some, text_length)
    blob = _exactly(read_some, blob_length)
    if text is None or blob is None:
        return None
    try:
        return json.loads(text), blob
    except ValueError as error:
        raise Damaged(f"a frame that is not JSON: {text[:80]!r}") from error


def _exactly(read_some: Callable[[int], bytes], length: int) -> bytes | None:
    parts = []
    while length:
        part = read_some(length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
