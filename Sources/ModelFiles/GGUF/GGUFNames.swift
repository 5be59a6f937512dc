/// Maps GGUF's names of tensors to Hugging Face's. Source: llama.cpp's `gguf-py/gguf/tensor_mapping.py`.
enum GGUFNames {
  private static let whole = [
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
  ]

  private static let inBlock = [
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
  ]

  /// An unknown name is unchanged. The check of the model's tensors then reports it as unexpected.
  static func huggingFace(_ name: String) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 2, let stem = whole[String(parts[0])] { return "\(stem).\(parts[1])" }
    guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0, String(layer) == parts[1],
      let stem = inBlock[String(parts[2])]
    else { return name }
    return "model.layers.\(layer).\(stem).\(parts[3])"
  }
}
