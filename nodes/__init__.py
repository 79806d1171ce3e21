"""The nodes that ComfyUI shows in its graph: none yet; ComfyUI accepts an empty table."""

from __future__ import annotations

from typing import Any

NODE_CLASS_MAPPINGS: dict[str, Any] = {}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}
