"""Durations as people write them: "1h 30m", "45m", "2h"."""
import re


def minutes(text):
    """The minutes of a duration; ValueError if the text is none."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration")
    return int(found[1] or 0) * 60 + int(found[2] or 0)
