import Agents

extension ActionFormat {
  /// The stop sequences of a request, or nil if there are none. Text after them is not part of the answer.
  ///
  /// - Parameter isText: whether the transcript is continued as one text.
  func stops(isText: Bool) -> [String]? {
    switch self {
    // A plain answer is the rest of the line.
    case .plain: isText ? ["\n"] : nil
    // The model must not invent observations.
    case .react: ["\nObservation:"]
    case .tools: nil
    }
  }
}
