import Agents
import Foundation

/// Reads files that a user names. If a file has another form than expected, the error names its form.
package enum TextFile {
  /// - Returns: nil if there is no readable file.
  package static func data(_ path: String) throws -> Data? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    if let form = FileForm(data.prefix(64)) { throw ConfigurationError("\(path) \(form.explanation)") }
    return data
  }

  /// A text in UTF-8; nil if there is no readable file.
  package static func text(_ path: String) throws -> String? {
    guard let data = try data(path) else { return nil }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ConfigurationError("\(path) is not UTF-8 text.")
    }
    return text
  }
}
