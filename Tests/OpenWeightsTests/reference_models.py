"""MLX's own models (PyPI's mlx-lm), for our Swift ones to be held against.

reference_models.py tiny FOLDER           writes random models as Hugging Face folders, with the logits of a few texts in each
reference_models.py real GGUF TEXTS OUT   logits of a llama of a GGUF file: TEXTS is a JSON list of {"tokens", "prompt"}; of
                                          every place from the prompt's last on the likeliest token and its lead; the logits of
                                          that last, as floats one text after another, are in OUT.floats
"""

import importlib
import importlib.util
import json
import os
import sys
import types

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

# The package itself requires transformers, but its models do not.
package = types.ModuleType("mlx_lm")
package.__path__ = list(importlib.util.find_spec("mlx_lm").submodule_search_locations)
sys.modules["mlx_lm"] = package

COMMON = {
    "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48, "num_attention_heads": 4,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "vocab_size": 64, "max_position_embeddings": 512,
    "rope_theta": 10000.0, "tie_word_embeddings": False, "hidden_act": "silu", "eos_token_id": 63,
}
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
FAMILIES = {
    "llama": {"model_type": "llama"},
    "llama-tied": {"model_type": "llama", "tie_word_embeddings": True, "head_dim": 8},
    "llama-one-key-head": {"model_type": "llama", "num_key_value_heads": 1, "head_dim": 16},
    "llama-bias": {"model_type": "llama", "attention_bias": True},
    "llama3": {"model_type": "llama", "rope_theta": 500.0, "rope_scaling": LLAMA3},
    "llama-linear": {"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 4.0}},
    "qwen2": {"model_type": "qwen2", "rope_theta": 1000000.0},
    "qwen2-tied": {"model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", "head_dim": 16, "num_key_value_heads": 4},
    "qwen3-tied": {"model_type": "qwen3", "head_dim": 8, "tie_word_embeddings": True},
}


def model_of(config):
    module = importlib.import_module("mlx_lm.models." + config["model_type"])
    return module.Model(module.ModelArgs.from_dict(config))


def tokenizer():
    """Sixty-three letters, and a token that ends texts."""
    letters = [chr(code) for code in range(33, 96)]
    return {
        "version": "1.0", "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "added_tokens": [{
            "id": 63, "content": "<|im_end|>", "special": True, "normalized": False, "single_word": False,
            "lstrip": False, "rstrip": False}],
        "model": {"type": "BPE", "vocab": {letter: place for place, letter in enumerate(letters)}, "merges": []},
    }


def write_tiny(folder):
    random = np.random.default_rng(7)
    for name, changes in FAMILIES.items():
        config = {**COMMON, **changes}
        model = model_of(config)
        # Norms far from one and biases far from zero, so that a missing one shows.
        weights = [
            (key, mx.array((1 if "norm" in key else 0) + random.normal(0, 0.25, value.shape), dtype=mx.float32))
            for key, value in tree_flatten(model.parameters()) if "rope" not in key
        ]
        model.update(tree_unflatten(weights))
        path = os.path.join(folder, name)
        os.makedirs(path)
        mx.save_safetensors(os.path.join(path, "model.safetensors"), dict(weights), metadata={"format": "pt"})
        texts = [random.integers(0, 63, length).tolist() for length in (1, 7, 40, 200)]
        logits = [np.array(model(mx.array([text]))[0]).astype(float).round(7).tolist() for text in texts]
        for file, content in (
            ("config.json", config), ("tokenizer.json", tokenizer()),
            ("expected.json", {"texts": texts, "logits": logits}),
        ):
            with open(os.path.join(path, file), "w") as out:
                json.dump(content, out)


def dequantised(tensors, name):
    weight = tensors[name + ".weight"]
    if name + ".scales" not in tensors:
        return weight.astype(mx.float32)
    scales = tensors[name + ".scales"].astype(mx.float32)
    biases = tensors[name + ".biases"].astype(mx.float32)
    bits = weight.shape[1] * 32 // (scales.shape[1] * 32)
    return mx.dequantize(weight, scales, biases, group_size=32, bits=bits)


def real(gguf, texts, out):
    tensors, metadata = mx.load(gguf, return_metadata=True)

    def number(key):
        return metadata["llama." + key].item()

    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    layers = int(number("block_count"))
    weights = {"model.embed_tokens.weight": dequantised(tensors, "token_embd"),
               "model.norm.weight": dequantised(tensors, "output_norm")}
    for layer in range(layers):
        for short, long in names.items():
            weights[f"model.layers.{layer}.{long}.weight"] = dequantised(tensors, f"blk.{layer}.{short}")
    model = model_of({
        "model_type": "llama", "hidden_size": int(number("embedding_length")), "num_hidden_layers": layers,
        "intermediate_size": int(number("feed_forward_length")),
        "num_attention_heads": int(number("attention.head_count")),
        "num_key_value_heads": int(number("attention.head_count_kv")),
        "rms_norm_eps": number("attention.layer_norm_rms_epsilon"),
        "vocab_size": weights["model.embed_tokens.weight"].shape[0],
        # GGUF permutes the rows of queries and keys for this kind of rotation.
        "rope_theta": number("rope.freq_base"), "rope_traditional": True, "tie_word_embeddings": True,
    })
    model.load_weights(list(weights.items()))
    with open(texts) as file:
        texts = json.load(file)
    found = []
    first = open(out + ".floats", "wb")
    for text in texts:
        tokens, prompt = text["tokens"], text["prompt"]
        hidden = model.model(mx.array([tokens]))[0, prompt - 1:]
        logits = np.array(model.model.embed_tokens.as_linear(hidden))
        order = np.argsort(-logits, axis=1)[:, :2]
        lead = np.take_along_axis(logits, order[:, :1], 1) - np.take_along_axis(logits, order[:, 1:], 1)
        found.append({"best": order[:, 0].tolist(), "lead": lead[:, 0].astype(float).tolist()})
        logits[0].astype("<f4").tofile(first)
    first.close()
    with open(out, "w") as file:
        json.dump(found, file)


if __name__ == "__main__":
    if sys.argv[1] == "tiny":
        write_tiny(sys.argv[2])
    else:
        real(*sys.argv[2:])
