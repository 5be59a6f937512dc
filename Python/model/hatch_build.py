"""Puts the model's file into the wheel."""

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Takes the file from COXSWAIN_MODEL."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        path = os.environ["COXSWAIN_MODEL"]
        build_data["force_include"][path] = f"coxswain_smollm2/{os.path.basename(path)}"
