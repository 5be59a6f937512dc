extension ActionFormat {
  /// The shortest answer from which this format reads the given action.
  ///
  /// - Parameter tools: the tools offered to the policy, for ``tools``.
  /// - Returns: nil if no answer would be read as this action: it is not among the choices, no tool's template matches
  ///   it, or it spans several lines.
  public func response(for action: String, choices: [String]? = nil, tools: [ActionTool] = []) -> String? {
    let answers =
      switch self {
      case .plain: [action]
      case .react: ["Action: \(action)"]
      case .tools:
        tools.compactMap { tool in
          tool.arguments(in: action).map { ToolCall(name: tool.name, arguments: $0).text() }
        }
      }
    return answers.first { self.action(in: $0, choices: choices, tools: tools) == .act(action) }
  }
}

extension ActionTool {
  /// The arguments with which a call stands for this action, or nil if the template does not match it. The inverse of
  /// ``action(_:)``. An argument ends where the template's next literal text begins.
  func arguments(in action: String) -> [String: String]? {
    var arguments: [String: String] = [:]
    var (text, rest) = (action[...], template[...])
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      guard text.hasPrefix(rest[..<open]) else { return nil }
      text = text.dropFirst(rest[..<open].count)
      let name = String(rest[rest.index(after: open)..<close])
      rest = rest[rest.index(after: close)...]
      let words = rest.prefix { $0 != "{" }
      let end = words.isEmpty ? text.endIndex : text.firstRange(of: words)?.lowerBound
      guard let end, end > text.startIndex else { return nil }
      arguments[name] = String(text[..<end])
      text = text[end...]
    }
    return text == rest ? arguments : nil
  }
}
