"""Writes blocks.json: blocks of every quantisation, and what PyPI's gguf (0.19.0) makes of them.

    pip install gguf==0.19.0 && python make_blocks.py > blocks.json
"""

import json

import gguf
import numpy

draws = numpy.random.default_rng(5)
halves = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
result = {}
for name in ["F32", "F16", "BF16", *halves]:
    kind = gguf.GGMLQuantizationType[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = 1 if values == 256 else 2 if values == 32 else 40
    data = draws.integers(0, 256, blocks * size, dtype=numpy.uint8)
    if name == "F32":
        data = draws.normal(size=blocks).astype(numpy.float32).view(numpy.uint8)
    if name == "F16":
        # Includes subnormal numbers, infinities and both zeros.
        special = numpy.array([0, 0x8000, 1, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0xFC00, 0x83FF], dtype=numpy.uint16)
        data = numpy.concatenate([special, draws.normal(size=blocks - 9).astype(numpy.float16).view(numpy.uint16)]).view(
            numpy.uint8)
    if name == "BF16":
        data = (draws.normal(size=blocks).astype(numpy.float32).view(numpy.uint32) >> 16).astype(numpy.uint16).view(numpy.uint8)
    for place in halves.get(name, []):
        for block in range(blocks):
            start = block * size + place
            data[start:start + 2] = draws.normal(size=1).astype(numpy.float16).view(numpy.uint8)
    floats = gguf.quants.dequantize(data, kind).astype(numpy.float32).reshape(-1)
    result[name] = {"type": int(kind), "bytes": data.tobytes().hex(), "bits": floats.view(numpy.uint32).tobytes().hex()}
print(json.dumps(result, indent=1))
