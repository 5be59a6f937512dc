"""`python -m coxswain demo` is `cox demo`."""

from __future__ import annotations

import os
import sys

from .command import cox_path


def main() -> None:
    """Becomes `cox`, with the same arguments."""
    try:
        path = cox_path()
    except FileNotFoundError as error:
        sys.exit(f"coxswain: {error}")
    if os.path.realpath(path) == os.path.realpath(sys.argv[0]):
        # A script that starts this module would start itself for ever.
        sys.exit(f"coxswain: this package has no program for this machine, and {path} only starts this package.")
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
