"""Writes the adapters of Adapters/ with PyPI's `peft` and `torch`, and what PEFT itself computes with each.

    python make_adapters.py FOLDER

Made with peft 0.21.2, torch 2.13.0 (CPU) and transformers 5.24.0, which the tests do not need.
"""

import json
import pathlib
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

TEXT = [7, 1, 40, 22, 9, 9, 63, 3, 58, 11]
ADAPTERS = {
    # Targets as a regular expression; ranks and α by patterns that overlap.
    "patterns": dict(
        r=4, lora_alpha=6, target_modules=r".*\.layers\.\d+\.(self_attn\.(q|v)_proj|mlp\.down_proj)",
        rank_pattern={r"layers\.1\.self_attn\.q_proj": 2, "down_proj": 3}, alpha_pattern={r".*\.1\..*v_proj": 11, "down_proj": 1.5}),
    # A single layer, scaled by α over the root of the rank, stored as a pickle.
    "layers": dict(
        r=3, lora_alpha=5, target_modules=["q_proj", "k_proj", "gate_proj"], layers_to_transform=[1], layers_pattern="layers",
        use_rslora=True),
    "one-layer": dict(r=2, lora_alpha=4, target_modules=["o_proj"], layers_to_transform=0),
    # All linear layers, stored as a pickle in half precision.
    "all": dict(r=2, lora_alpha=4, target_modules="all-linear"),
    "excluded": dict(r=2, lora_alpha=4, target_modules=r".*_proj", exclude_modules=r".*mlp.*"),
    "eva": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], init_lora_weights="eva"),
    "orthogonal": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], init_lora_weights="orthogonal"),
    # These change the model's own weights.
    "pissa": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], init_lora_weights="pissa"),
    "olora": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], init_lora_weights="olora"),
}
PICKLES = {"layers", "all"}


def base(folder):
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits(model):
    with torch.no_grad():
        return model(torch.tensor([TEXT])).logits[0].double().flatten().tolist()


def spread(model, seed):
    """Adapters that change something."""
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data += torch.randn_like(parameter) * 0.2


def main(out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    config = LlamaConfig(
        hidden_size=16, num_hidden_layers=2, intermediate_size=24, num_attention_heads=2, num_key_value_heads=1,
        vocab_size=64, max_position_embeddings=64, tie_word_embeddings=True, attention_bias=True, eos_token_id=63,
        bos_token_id=None, rope_theta=10000.0)
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        parameter.data += torch.randn_like(parameter) * 0.3
    path = str(out / "base")
    model.save_pretrained(path)
    (out / "base" / "generation_config.json").unlink(missing_ok=True)
    letters = [chr(code) for code in range(33, 96)]
    (out / "base" / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "added_tokens": [{
            "id": 63, "content": "<|im_end|>", "special": True, "normalized": False, "single_word": False,
            "lstrip": False, "rstrip": False}],
        "model": {"type": "BPE", "vocab": {letter: place for place, letter in enumerate(letters)}, "merges": []},
    }))
    expected = {"text": TEXT, "base": logits(base(path)), "adapters": {}, "keepsBase": {}}
    for seed, (name, settings) in enumerate(ADAPTERS.items()):
        torch.manual_seed(100 + seed)
        plain = base(path)
        before = {key: value.clone() for key, value in plain.state_dict().items()}
        tuned = get_peft_model(plain, LoraConfig(task_type="CAUSAL_LM", **settings), low_cpu_mem_usage=False)
        after = {key.replace(".base_layer", "").removeprefix("base_model.model."): value
                 for key, value in tuned.state_dict().items() if "lora_" not in key}
        expected["keepsBase"][name] = all(torch.equal(value, after[key]) for key, value in before.items())
        folder = out / name
        if name in ("pissa", "olora"):
            tuned.save_pretrained(str(out / "initial"))
        spread(tuned, 200 + seed)
        if name == "all":
            # Only the adapter is stored in half precision.
            for parameter_name, parameter in tuned.named_parameters():
                if "lora_" in parameter_name:
                    parameter.data = parameter.data.half().float()
        expected["adapters"][name] = logits(tuned.eval())
        if name in ("pissa", "olora"):
            # The conversion to plain LoRA by PEFT.
            tuned.peft_config["default"].init_lora_weights = settings["init_lora_weights"]
            tuned.save_pretrained(str(folder))
            converted = out / f"{name}-converted"
            tuned.save_pretrained(str(converted), path_initial_model_for_weight_conversion=str(out / "initial"))
            shutil.rmtree(out / "initial")
            expected["adapters"][f"{name}-converted"] = logits(
                PeftModel.from_pretrained(base(path), str(converted)).eval())
        else:
            tuned.save_pretrained(str(folder), safe_serialization=name not in PICKLES)
        if name in PICKLES:
            # Newer versions ignore the option and write safetensors.
            from safetensors.torch import load_file
            file = folder / "adapter_model.safetensors"
            if file.exists():
                tensors = load_file(str(file))
                if name == "all":
                    tensors = {key: value.half() for key, value in tensors.items()}
                torch.save(tensors, str(folder / "adapter_model.bin"))
                file.unlink()
    for readme in out.glob("*/README.md"):
        readme.unlink()
    for config in out.glob("*/adapter_config.json"):
        content = json.loads(config.read_text())
        content["base_model_name_or_path"] = "base"
        config.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    (out / "expected.json").write_text(json.dumps(expected))
    print(expected["keepsBase"])


if __name__ == "__main__":
    main(*sys.argv[1:])
