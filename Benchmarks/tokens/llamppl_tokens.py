#!/usr/bin/env python3
"""llamppl's smc_standard and smc_steer on the model that `benchmark tokens-peer` enumerates.

    pip install --no-deps llamppl==0.2.3 numpy
    llamppl_tokens.py TABLE.json RUNS PARTICLES RESAMPLING      # or steer, for smc_steer with three continuations

llamppl's own import needs torch, so the two modules that need none are loaded by themselves. Prints one JSON object: the mean of
the evidence over the runs, its standard error, and the seconds.
"""
import asyncio
import importlib.util
import json
import math
import pathlib
import random
import sys
import time
import types

import numpy as np

spec = importlib.util.find_spec("llamppl")
root = pathlib.Path(spec.submodule_search_locations[0])
for name, folder in [("llamppl", root), ("llamppl.distributions", root / "distributions")]:
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
from llamppl.distributions.logcategorical import LogCategorical  # noqa: E402
from llamppl.inference.smc_standard import smc_standard  # noqa: E402
from llamppl.inference.smc_steer import smc_steer  # noqa: E402
from llamppl.modeling import Model  # noqa: E402


def main() -> None:
    table = json.loads(pathlib.Path(sys.argv[1]).read_text())
    runs, particles, resampling = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    next_weights = {key: np.array([-np.inf if x is None else x for x in row]) for key, row in table["next"].items()}
    masks = {key: np.array([0.0 if x else -np.inf for x in row]) for key, row in table["allowed"].items()}
    end = table["end"]

    class Masked(Model):
        """Draws from the masked model and is weighed by the model: the mass of what was allowed."""

        def __init__(self):
            super().__init__()
            self.text = ()

        async def step(self):
            key = ",".join(map(str, self.text))
            masked = next_weights[key] + masks[key]
            if np.all(masked == -np.inf):
                self.condition(False)
                return
            token = await self.sample(LogCategorical(next_weights[key]), proposal=LogCategorical(masked))
            if token == end:
                self.finish()
            else:
                self.text = self.text + (int(token),)

    np.random.seed(1)
    random.seed(1)
    values, start = [], time.perf_counter()
    for _ in range(runs):
        steered = resampling == "steer"
        done = asyncio.run(
            smc_steer(Masked(), particles, 3) if steered
            else smc_standard(Masked(), particles, 0.5, resampling_method=resampling))
        values.append(float(np.mean(np.exp([p.weight for p in done]))))
    seconds = time.perf_counter() - start
    print(json.dumps({
        "mean": float(np.mean(values)), "se": float(np.std(values, ddof=1) / math.sqrt(runs)), "seconds": seconds}))


main()
