"""SmolLM2-135M-Instruct, the small model that Coxswain's demo runs."""

import pathlib

path = pathlib.Path(__file__).with_name("SmolLM2-135M-Instruct.Q8_0.gguf")
"""The GGUF file."""
