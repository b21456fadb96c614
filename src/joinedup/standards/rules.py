"""The yearly rules of a standard: a base with dated overlays, as data.

``rules/<standard>.toml`` holds a standard's tables and code lists as they were in its first year,
and ``[[overlay]]`` entries that say what changed ``from`` which year. An overlay's tables are
merged into the base; a value replaces the one before, and ``{ add = [...], remove = [...] }``
changes a list.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=64)
def load(standard: str, year: int | None = None) -> dict[str, Any]:
    """The rules of a standard in a year; the newest when no year is given or it is beyond."""
    text = files("joinedup.standards").joinpath("rules", f"{standard}.toml").read_text("utf-8")
    rules = tomllib.loads(text)
    for overlay in sorted(rules.pop("overlay", []), key=lambda overlay: int(overlay["from"])):
        since = overlay.pop("from")
        if year is None or since <= year:
            rules = _merge(rules, overlay)
            rules["newest"] = since
    return rules


def _merge(base: Any, change: Any) -> Any:
    if isinstance(base, list) and isinstance(change, dict):
        kept = [item for item in base if item not in change.get("remove", ())]
        return kept + [item for item in change.get("add", ()) if item not in kept]
    if isinstance(base, dict) and isinstance(change, dict):
        return base | {key: _merge(base.get(key, {}), value) for key, value in change.items()}
    return change
