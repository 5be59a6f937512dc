/// One method call in Py4J's text protocol (py4j.org, "Advanced topics: the Py4J protocol").
package struct Py4JCall: Sendable, Hashable {
  package enum Argument: Sendable, Hashable {
    case text(String)
    case integer(Int32)
    case boolean(Bool)
    /// An object named by an earlier answer.
    case object(String)
    case nothing
  }

  /// The lines to send, including the closing `e`.
  package let text: String

  /// Calls a method of an object named by an earlier answer.
  package init(_ object: String, _ method: String, _ arguments: Argument...) {
    self.init(object: object, method, arguments)
  }

  init(object: String, _ method: String, _ arguments: [Argument]) {
    text = "c\n\(object)\n\(method)\n" + arguments.map { $0.line + "\n" }.joined() + "e\n"
  }

  /// Calls a static method of a class.
  package init(type: String, _ method: String, _ arguments: Argument...) {
    text = "c\nz:\(type)\n\(method)\n" + arguments.map { $0.line + "\n" }.joined() + "e\n"
  }

  /// Constructs an object of a class.
  package init(new type: String, _ arguments: Argument...) {
    text = "i\n\(type)\n" + arguments.map { $0.line + "\n" }.joined() + "e\n"
  }

  /// Lets the other side forget an object that an answer named. It keeps every one otherwise.
  package init(releasing object: String) {
    text = "m\nd\n\(object)\ne\n"
  }
}

extension Py4JCall.Argument {
  fileprivate var line: String {
    switch self {
    case .text(let text): "s" + Py4JText.escaped(text)
    case .integer(let number): "i\(number)"
    case .boolean(let flag): "b\(flag)"
    case .object(let name): "r\(name)"
    case .nothing: "n"
    }
  }
}

/// The answer to one call.
package enum Py4JAnswer: Sendable, Hashable {
  case text(String)
  case integer(Int)
  case double(Double)
  case boolean(Bool)
  /// The name of an object. Lists are objects too.
  case object(String)
  /// The name of a Java array.
  case array(String)
  case nothing

  /// Reads one line without its line feed.
  ///
  /// - Throws: ``Py4JFailure`` of kind `refused` for an exception on the other side, or `malformed` for an invalid
  ///   answer.
  package init(line: String) throws(Py4JFailure) {
    guard line.hasPrefix("!"), line.utf8.count >= 2 else { throw Self.malformed(line) }
    let body = line.dropFirst()
    guard body.first == "y" else {
      guard body.first == "x" else { throw Self.malformed(line) }
      // Only the first line of the exception is kept; the rest is the stack trace.
      let trace = body.dropFirst(body.dropFirst().first == "s" ? 2 : 1)
      let first = Py4JText.unescaped(trace).split(separator: "\n", maxSplits: 1).first ?? "no reason given"
      throw Py4JFailure(.refused, String(first.prefix(300)))
    }
    let value = body.dropFirst(2)
    switch body.dropFirst().first {
    case "s": self = .text(Py4JText.unescaped(value))
    case "i", "L":
      guard let number = Int(value) else { throw Self.malformed(line) }
      self = .integer(number)
    case "d":
      guard let number = Double(value) else { throw Self.malformed(line) }
      self = .double(number)
    case "b":
      guard let flag = Bool(String(value)) else { throw Self.malformed(line) }
      self = .boolean(flag)
    case "r", "l", "t", "a", "g", "h":
      guard !value.isEmpty else { throw Self.malformed(line) }
      self = body.dropFirst().first == "t" ? .array(String(value)) : .object(String(value))
    case "v", "n": self = .nothing
    default: throw Self.malformed(line)
    }
  }

  private static func malformed(_ line: String) -> Py4JFailure {
    Py4JFailure(.malformed, "an answer that is not Py4J's: \(line.prefix(120).debugDescription)")
  }
}

/// Py4J's escaping, which keeps a text on one line.
enum Py4JText {
  static func escaped(_ text: String) -> String {
    var result = ""
    // By scalars, since "\r\n" is a single Character.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func unescaped(_ text: some StringProtocol) -> String {
    var result = String.UnicodeScalarView()
    var isEscape = false
    for scalar in text.unicodeScalars {
      if isEscape {
        result.append(scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
        isEscape = false
      } else if scalar == "\\" {
        isEscape = true
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

/// Why a call has no answer.
package struct Py4JFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// The other side raised an exception. The connection can still be used.
    case refused
    /// The answer violated the protocol or was too long. The connection is closed.
    case malformed
    /// No answer within the deadline. The connection is closed.
    case late
    /// The connection was refused or ended.
    case lost
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
