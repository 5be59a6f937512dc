import Agents

extension ActionFormat {
  /// The texts at which a server ends an answer, or nil where there are none: nothing behind them is part of it.
  ///
  /// - Parameter isText: the transcript is continued as one text.
  func stops(isText: Bool) -> [String]? {
    switch self {
    // A plain answer is what is left of the line.
    case .plain: isText ? ["\n"] : nil
    // What the world says is not the model's to imagine.
    case .react: ["\nObservation:"]
    case .tools: nil
    }
  }
}
