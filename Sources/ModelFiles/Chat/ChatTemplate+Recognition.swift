import Foundation

extension ChatTemplate {
  /// The format whose markers are in `jinja`, or nil.
  static func recognise(_ jinja: String) -> Format? {
    if jinja.contains("<|im_start|>") {
      // Both have a switch for thinking; SmolLM3 has a header of its own besides.
      if jinja.contains("enable_thinking") { return jinja.contains("## Metadata") ? nil : .qwen3 }
      return .chatML(defaultSystem: defaultSystem(jinja), opensThought: opensThought(jinja))
    }
    if jinja.contains("<|start_header_id|>") {
      let dated = jinja.contains("Cutting Knowledge Date")
      return .llama3(date: dated ? literal(after: "date_string = \"", until: ["\""], in: jinja) ?? "26 Jul 2024" : nil)
    }
    if jinja.contains("[INST]") {
      return jinja.contains("<<SYS>>") ? .llama2 : .mistral(MistralSpacing(jinja))
    }
    // Phi-3 has the same roles and ends turns otherwise.
    if jinja.contains("<|user|>"), jinja.contains("eos_token"), !jinja.contains("<|end|>") { return .zephyr }
    return nil
  }

  /// The system's message that the template itself writes. In a literal of Jinja, a line's end is itself or "\n".
  private static func defaultSystem(_ jinja: String) -> String? {
    for newline in ["\n", "\\n"] {
      if let text = literal(after: "<|im_start|>system" + newline, until: ["<|im_end|>", "'", "\"", "{"], in: jinja) {
        return text
      }
    }
    return nil
  }

  private static func opensThought(_ jinja: String) -> Bool {
    ["\n", "\\n"].contains { jinja.contains("<|im_start|>assistant\($0)<think>\($0)") }
  }

  /// What stands after the first `start` that the first of `ends` follows sooner than any of the others.
  private static func literal(after start: String, until ends: [String], in jinja: String) -> String? {
    var rest = jinja[...]
    while let opening = rest.range(of: start) {
      rest = rest[opening.upperBound...]
      let stops = ends.map { rest.range(of: $0)?.lowerBound ?? rest.endIndex }
      guard let stop = stops.first, stop < rest.endIndex, stops.min() == stop else { continue }
      let text = String(rest[..<stop])
      if !text.isEmpty { return text.replacingOccurrences(of: "\\n", with: "\n") }
    }
    return nil
  }
}

/// Mistral's templates differ in where they have spaces.
struct MistralSpacing: Sendable, Hashable {
  let open: String
  let close: String
  /// Before what the assistant said.
  let answer: String
  let trimsAnswer: Bool
  /// After the token that ends an answer.
  let afterEnd: String
  /// Before and after the system's message, where it has a turn of its own.
  let system: [String]?
  /// Whether the system's message stands before the last user's message instead of the first.
  let systemIsLast: Bool

  init(_ jinja: String) {
    let has = { (text: String) in jinja.contains("'\(text)") || jinja.contains("\"\(text)") }
    open = has(" [INST] ") ? " [INST] " : has("[INST] ") ? "[INST] " : "[INST]"
    close = has(" [/INST]") ? " [/INST]" : "[/INST]"
    answer = has(" ' + message") || has(" \" + message") ? " " : ""
    trimsAnswer = jinja.contains("|trim + eos_token") || jinja.contains("| trim + eos_token")
    afterEnd = jinja.contains("eos_token + ' '") || jinja.contains("eos_token + \" \"") ? " " : ""
    let systemOpen = jinja.contains("[SYSTEM_PROMPT] ") ? "[SYSTEM_PROMPT] " : "[SYSTEM_PROMPT]"
    system = jinja.contains("[SYSTEM_PROMPT]") ? [systemOpen, "[/SYSTEM_PROMPT]"] : nil
    systemIsLast = jinja.contains("loop.last")
  }
}
