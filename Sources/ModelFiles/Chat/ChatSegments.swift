import Foundation

/// A piece of a rendered conversation.
public struct ChatSegment: Sendable, Hashable {
  public let text: String
  /// Whether the template wrote it, and special tokens in it are meant; else it was said by someone.
  public let isMarkup: Bool

  public init(text: String, isMarkup: Bool) {
    self.text = text
    self.isMarkup = isMarkup
  }
}

/// Puts conversations together, each format as the models' own templates do.
struct ChatSegments {
  private(set) var segments: [ChatSegment] = []

  mutating func mark(_ text: String) { add(text, isMarkup: true) }

  mutating func say(_ text: String) { add(text, isMarkup: false) }

  mutating func turn(_ before: String, _ content: String, _ after: String) {
    mark(before)
    say(content)
    mark(after)
  }

  private mutating func add(_ text: String, isMarkup: Bool) {
    guard !text.isEmpty else { return }
    if let last = segments.last, last.isMarkup == isMarkup {
      segments[segments.count - 1] = ChatSegment(text: last.text + text, isMarkup: isMarkup)
    } else {
      segments.append(ChatSegment(text: text, isMarkup: isMarkup))
    }
  }

  mutating func chatML(_ messages: [ChatMessage], defaultSystem: String?) {
    if let defaultSystem, let first = messages.first, first.role != "system" {
      mark("<|im_start|>system\n\(defaultSystem)<|im_end|>\n")
    }
    for message in messages { turn("<|im_start|>\(message.role)\n", message.content, "<|im_end|>\n") }
  }

  /// Thoughts of earlier answers are left out; one after the last question keeps its own, or an empty one if it ends the
  /// conversation.
  mutating func qwen3(_ messages: [ChatMessage]) {
    let lastQuestion = messages.lastIndex {
      $0.role == "user" && !($0.content.hasPrefix("<tool_response>") && $0.content.hasSuffix("</tool_response>"))
    }
    for (index, message) in messages.enumerated() {
      mark("<|im_start|>\(message.role)\n")
      var content = message.content
      if message.role == "assistant" {
        var thought = ""
        if let close = content.range(of: "</think>") {
          let before = content[..<close.lowerBound]
          let opened = before.range(of: "<think>", options: .backwards)?.upperBound ?? before.startIndex
          thought = String(before[opened...]).trimmingCharacters(in: ["\n"])
          let last = content.range(of: "</think>", options: .backwards)?.upperBound ?? close.upperBound
          content = String(content[last...].drop { $0 == "\n" })
        }
        let isLast = index == messages.count - 1
        if index > lastQuestion ?? messages.count - 1, isLast || !thought.isEmpty {
          mark("<think>\n")
          say(thought)
          mark("\n</think>\n\n")
          content = String(content.drop { $0 == "\n" })
        }
      }
      say(content)
      mark("<|im_end|>\n")
    }
  }

  /// - Parameter date: told in the system's turn, which is then always there.
  mutating func llama3(_ messages: [ChatMessage], date: String?) {
    let header = { (role: String) in "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
    var rest = messages[...]
    if let date {
      let system = rest.first?.role == "system" ? rest.removeFirst().content : ""
      mark(header("system") + "Cutting Knowledge Date: December 2023\nToday Date: \(date)\n\n")
      say(trimmed(system))
      mark("<|eot_id|>")
    }
    for message in rest { turn(header(message.role), trimmed(message.content), "<|eot_id|>") }
  }

  mutating func llama2(_ messages: [ChatMessage], begin: String, end: String) {
    var rest = messages[...]
    var system = rest.first?.role == "system" ? rest.removeFirst().content : nil
    var isFirst = true
    for message in rest {
      if message.role == "assistant" {
        turn(" ", trimmed(message.content), " \(end)")
        continue
      }
      // Every question begins a text of its own; the first has been begun already.
      mark((isFirst ? "" : begin) + "[INST] ")
      isFirst = false
      if let instructions = system {
        turn("<<SYS>>\n", instructions, "\n<</SYS>>\n\n")
        system = nil
      }
      say(trimmed(message.content))
      mark(" [/INST]")
    }
  }

  mutating func mistral(_ messages: [ChatMessage], _ spacing: MistralSpacing, end: String) {
    var rest = messages[...]
    let system = rest.first?.role == "system" ? rest.removeFirst().content : nil
    if let system, let marks = spacing.system { turn(marks[0], system, marks[1]) }
    let isUser = { (message: ChatMessage) in message.role != "assistant" }
    let place = spacing.systemIsLast ? rest.lastIndex(where: isUser) : rest.firstIndex(where: isUser)
    for (index, message) in zip(rest.indices, rest) {
      if message.role == "assistant" {
        let answer = spacing.trimsAnswer ? trimmed(message.content) : message.content
        turn(spacing.answer, answer, end + spacing.afterEnd)
      } else {
        mark(spacing.open)
        if let system, spacing.system == nil, index == place { say(system + "\n\n") }
        say(message.content)
        mark(spacing.close)
      }
    }
  }

  private func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}
