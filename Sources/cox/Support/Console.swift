import Foundation
import Reporting
import Workbench

/// The two streams: results on standard output, everything else on standard error.
///
/// Whatever is written here may hold what a model, a world or a server said. Control characters are made visible in one place,
/// this one, so that none reaches the terminal whoever forgot about it.
enum Console {
  static func print(_ text: String) { write(visible(text, keepingLayout: true) + "\n", to: .standardOutput) }
  static func note(_ text: String) {
    // A line of progress stands where this goes.
    write((errorIsTerminal ? eraseLine : "") + visible(text, keepingLayout: true) + "\n", to: .standardError)
  }

  /// A line of JSON among the notes.
  static func note(json: String) {
    write((errorIsTerminal ? eraseLine : "") + escapedJSON(json) + "\n", to: .standardError)
  }

  /// Draws a line in place of the last one, on a terminal.
  static func redraw(_ line: String) { write(eraseLine + visible(line), to: .standardError) }
  static func endLine() { write("\n", to: .standardError) }

  private static let eraseLine = "\r\u{1B}[2K"

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Of a line on standard output, in characters: the terminal's, and 100 where there is none.
  static var width: Int {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 100
    }
    return Int(size.ws_col)
  }

  private static func write(_ text: String, to handle: FileHandle) {
    // A stream that nobody reads any more cannot be written to; the run goes on, since its results are stored.
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// Writes JSON where `--json` says: a file, or "-" for standard output.
  static func write(json value: some Encodable, to destination: String) throws {
    guard destination == "-" else { return try OutputFile.write(json: value, to: destination) }
    write(escapedJSON(String(decoding: try OutputFile.json(value), as: UTF8.self)) + "\n", to: .standardOutput)
  }

  /// JSON escapes C0 controls itself; what else acts on a terminal is escaped here, to the same meaning.
  private static func escapedJSON(_ json: String) -> String {
    guard visible(json, keepingLayout: true) != json else { return json }
    return json.unicodeScalars.reduce(into: "") { text, scalar in
      let isShown = visible(String(scalar), keepingLayout: true) == String(scalar)
      text += isShown ? String(scalar) : String(scalar).utf16.map { String(format: "\\u%04x", $0) }.joined()
    }
  }
}
