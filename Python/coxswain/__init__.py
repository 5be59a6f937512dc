"""Coxswain from Python: its command, its stores, worlds and helpers for agents.

- `run`: every command of `cox`, with results as objects.
- `Store`: what was stored, as pandas frames.
- `coxswain.world`: a world of your own.
- `coxswain.agent`: helpers for a program that `cox` runs as an agent.
"""

from .command import (
    Comparison,
    CoxError,
    Difference,
    Estimate,
    MethodResult,
    Result,
    TaskResult,
    UsageError,
    cox_path,
    run,
)
from .store import Step, Store, StoreError, Trajectory

__all__ = [
    "Comparison", "CoxError", "Difference", "Estimate", "MethodResult", "Result", "Step", "Store", "StoreError",
    "TaskResult", "Trajectory", "UsageError", "cox_path", "run",
]
__version__ = "0.1.0"
