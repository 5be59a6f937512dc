import Foundation
import Reporting
import Workbench

/// The two streams: results on standard output, everything else on standard error.
///
/// Output may contain text of a model, a world or a server. Control characters are made visible here, in one place, so
/// that none reaches the terminal.
enum Console {
  static func print(_ text: String) { write(visible(text, keepingLayout: true) + "\n", to: .standardOutput) }
  static func note(_ text: String) {
    // Erases a progress line that may be on the current line.
    write((errorIsTerminal ? eraseLine : "") + visible(text, keepingLayout: true) + "\n", to: .standardError)
  }

  /// Writes a line of JSON to standard error.
  static func note(json: String) {
    write((errorIsTerminal ? eraseLine : "") + escapedJSON(json) + "\n", to: .standardError)
  }

  /// Replaces the current line on a terminal.
  static func redraw(_ line: String) { write(eraseLine + visible(line), to: .standardError) }
  static func endLine() { write("\n", to: .standardError) }

  private static let eraseLine = "\r\u{1B}[2K"

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// The width of standard output in characters: the terminal's, or 100 if there is no terminal.
  static var width: Int {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 100
    }
    return Int(size.ws_col)
  }

  private static func write(_ text: String, to handle: FileHandle) {
    // Write errors are ignored: if the reader has closed the stream the run continues, since its results are stored.
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// Writes JSON to the destination of `--json`: a file, or "-" for standard output.
  static func write(json value: some Encodable, to destination: String) throws {
    guard destination == "-" else { return try OutputFile.write(json: value, to: destination) }
    write(escapedJSON(String(decoding: try OutputFile.json(value), as: UTF8.self)) + "\n", to: .standardOutput)
  }

  /// JSON escapes C0 controls itself. Other characters that affect a terminal are escaped here; the value stays the
  /// same.
  private static func escapedJSON(_ json: String) -> String {
    guard visible(json, keepingLayout: true) != json else { return json }
    return json.unicodeScalars.reduce(into: "") { text, scalar in
      let isShown = visible(String(scalar), keepingLayout: true) == String(scalar)
      text += isShown ? String(scalar) : String(scalar).utf16.map { String(format: "\\u%04x", $0) }.joined()
    }
  }
}
