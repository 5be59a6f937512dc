"""Puts the program that `make dist` has built into the wheel."""

import os
import pathlib
import platform
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProgramHook(BuildHookInterface):  # type: ignore[type-arg]
    """Without COXSWAIN_DIST the wheel has Python alone, for a `cox` that is on PATH."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        dist = os.environ.get("COXSWAIN_DIST")
        if self.target_name != "wheel" or not dist:
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_35_{platform.machine()}"
        folder = pathlib.Path(dist)
        for name in ("bin", "lib", "share"):
            build_data["force_include"][str(folder / name)] = f"coxswain/{name}"
