"""What results of two runs are compared by."""

from __future__ import annotations

from typing import Any


def lasting(value: Any) -> Any:
    """JSON without what depends on time, or on how much was stored before."""
    if isinstance(value, dict):
        return {
            key: lasting(each) for key, each in value.items()
            if key not in ("wallSeconds", "criticalPathSeconds", "storedCalls")}
    return [lasting(each) for each in value] if isinstance(value, list) else value
