import Foundation

/// One event of a complete `text/event-stream` (the HTML standard, section 9.2.6).
struct ServerSentEvent: Sendable, Hashable {
  /// `message` if the event names none.
  let name: String
  /// The lines of data, joined by newlines.
  let data: String

  /// The complete events of a stream. An event that the stream's end cuts off is left out, and comments are ignored.
  static func all(in stream: Data) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    var name: String?
    var lines: [String] = []
    // Swift sees "\r\n" as one character, so all three kinds of line ends are one each.
    let ends: Set<Character> = ["\n", "\r\n", "\r"]
    let text = String(decoding: stream, as: UTF8.self)
    let all = text.split(omittingEmptySubsequences: false) { ends.contains($0) }
    for line in all.dropLast() {
      guard !line.isEmpty else {
        if name != nil || !lines.isEmpty {
          events.append(ServerSentEvent(name: name ?? "message", data: lines.joined(separator: "\n")))
        }
        (name, lines) = (nil, [])
        continue
      }
      let colon = line.firstIndex(of: ":")
      var value = colon.map { line[line.index(after: $0)...] } ?? ""
      if value.first == " " { value.removeFirst() }
      switch line[..<(colon ?? line.endIndex)] {
      case "event": name = String(value)
      case "data": lines.append(String(value))
      default: break
      }
    }
    return events
  }
}
