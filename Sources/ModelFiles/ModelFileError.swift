/// Why a model's file could not be read or written.
package struct ModelFileError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, Hashable {
    /// The file does not exist, is not a regular file, or may not be read.
    case unreadable
    /// The bytes violate the format: truncated, out of range, of the wrong type.
    case malformed
    /// The file is sound but needs something that is not implemented here.
    case unsupported
    /// The parts are sound but disagree: a shape with the configuration, a token with the vocabulary.
    case inconsistent
    /// The file could not be written.
    case unwritable
  }

  package let kind: Kind
  /// The file or folder, as given by the caller.
  package let path: String
  /// What was wrong, where, and what to do next if that is known. Quotations from the file are untrusted.
  package let message: String

  package init(_ kind: Kind, _ path: String, _ message: String) {
    self.kind = kind
    self.path = path
    self.message = message
  }

  package var description: String { "\(path): \(message)" }
}

/// A name from a file for a message: quoted, shortened if it is long, and without control characters.
func quoted(_ name: some StringProtocol) -> String {
  let plain = name.unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "?" : Character($0) }
  return "“\(String(plain))\(name.unicodeScalars.count > 80 ? "…" : "")”"
}
