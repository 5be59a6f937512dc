import Agents
import Foundation

/// How a question of a replay is compared with the recorded one.
package enum QuestionMatch: String, Sendable, Hashable, Codable, CaseIterable {
  /// The same JSON, apart from the order of members and the mode of streaming.
  case exact
  /// Ids of calls, responses and items may differ. They are renamed by first appearance.
  case ids
  /// Dates, times, durations, temporary paths, addresses in memory and runs of white space may differ, too.
  case shell
}

/// A pattern of `ignore` is not a regular expression.
package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
  package let pattern: String
  /// What is wrong with it.
  package let reason: String

  package var description: String {
    "`ignore` has a pattern that is not a regular expression: \(pattern). \(reason)"
  }
}

/// Compares questions: a match and patterns of text that may differ.
package struct QuestionComparison: Sendable, Hashable {
  /// What may differ without a pattern.
  package let match: QuestionMatch
  /// Regular expressions. What they match is removed from every string.
  package let ignore: [String]
  /// Working folders, whose paths differ from attempt to attempt.
  package var folders: [String]
  /// For some patterns a literal that every match contains. A text without the literal is not searched.
  private var marks: [String: String] = [:]

  /// Ids may differ, and nothing else.
  package init() { (match, ignore, folders) = (.ids, [], []) }

  /// - Throws: an error that names the first pattern that cannot be compiled.
  package init(
    _ match: QuestionMatch = .ids, ignore: [String] = [], folders: [String] = []
  ) throws(PatternError) {
    for pattern in ignore {
      do {
        _ = try Regex(pattern)
      } catch {
        throw PatternError(pattern: pattern, reason: "\(error)")
      }
    }
    self.match = match
    self.ignore = ignore
    self.folders = folders
  }

  /// The same comparison, which leaves out what a further pattern matches.
  ///
  /// - Precondition: the pattern is a regular expression.
  /// - Parameter mark: a text that occurs in everything that it matches.
  package func ignoring(_ pattern: String, containing mark: String? = nil) -> QuestionComparison {
    guard var copy = try? QuestionComparison(match, ignore: ignore + [pattern], folders: folders) else { return self }
    copy.marks = marks
    copy.marks[pattern] = mark
    return copy
  }

  /// A digest of what counts in a question; 32 hexadecimal digits.
  package func digest(of question: ModelQuestion) -> String {
    var digest = Digest()
    digest.add(question.dialect.rawValue, normalised(question).json)
    return digest.text
  }

  /// Members that only concern transport and the server's cache.
  private static let transport = [
    "stream", "stream_options", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
  ]

  /// The body with sorted members, without those that only concern transport.
  func plain(_ question: ModelQuestion) -> OrderedJSON {
    var body = question.body
    for key in Self.transport { body.remove(key) }
    return body.sorted
  }

  /// The plain body with whatever may differ replaced. Its structure is that of the plain body.
  func normalised(_ question: ModelQuestion) -> OrderedJSON {
    var body = plain(question)
    if match != .exact {
      var names: [String: String] = [:]
      Self.collectIDs(in: body, to: &names)
      body = body.mapTexts { names[$0] ?? $0 }
    }
    return ignore.isEmpty && match != .shell ? body : body.mapTexts(cleaner())
  }

  /// What removes from a text all that may differ, apart from ids.
  func cleaner() -> (String) -> String {
    // Compiled here, since a compiled pattern cannot be shared between threads, and only where a text needs it.
    let patterns = ignore.map { (text: $0, mark: marks[$0].map { Array($0.utf8) }) }
    var compiled: [String: Regex<AnyRegexOutput>] = [:]
    let folders = folders.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    return { text in
      var text = text
      for pattern in patterns where pattern.mark.map(text.holds) ?? true {
        guard let regex = try? compiled[pattern.text] ?? Regex(pattern.text) else { continue }
        compiled[pattern.text] = regex
        text.replace(regex, with: "")
      }
      guard match == .shell else { return text }
      for folder in folders { text = text.replacingOccurrences(of: folder, with: "<folder>") }
      return ShellText.normalised(text)
    }
  }

  private static let idKeys: Set<String> = [
    "id", "call_id", "tool_call_id", "tool_use_id", "previous_response_id", "item_id",
  ]

  /// What programs and models name themselves: an `id` in there is part of the question.
  private static let contents: Set<String> = ["tools", "input_schema", "parameters", "arguments", "metadata", "schema"]

  private static func collectIDs(in value: OrderedJSON, to names: inout [String: String]) {
    switch value {
    case .list(let values): for value in values { collectIDs(in: value, to: &names) }
    case .object(let members):
      let isCall = value["type"]?.text == "tool_use"
      for member in members where !contents.contains(member.key) && !(isCall && member.key == "input") {
        if idKeys.contains(member.key), let id = member.value.text {
          if names[id] == nil { names[id] = "id \(names.count + 1)" }
        } else {
          collectIDs(in: member.value, to: &names)
        }
      }
    default: break
    }
  }
}

extension String {
  /// Whether the bytes, of which there is at least one, occur in the text.
  fileprivate func holds(_ bytes: [UInt8]) -> Bool {
    // Without contiguous storage the pattern decides alone.
    utf8.withContiguousStorageIfAvailable { text in
      var rest = text[...]
      while rest.count >= bytes.count, let start = rest.firstIndex(of: bytes[0]) {
        rest = rest[start...]
        if rest.starts(with: bytes) { return true }
        rest = rest.dropFirst()
      }
      return false
    } ?? true
  }
}

extension OrderedJSON {
  /// The same value with every string replaced. Keys stay.
  fileprivate func mapTexts(_ replace: (String) -> String) -> OrderedJSON {
    switch self {
    case .text(let text): .text(replace(text))
    case .list(let values): .list(values.map { $0.mapTexts(replace) })
    case .object(let members): .object(members.map { Member($0.key, $0.value.mapTexts(replace)) })
    default: self
    }
  }
}
