import ArgumentParser
import Foundation
import Logging
import Reporting

/// The levels of swift-log, as values of an option.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case trace, debug, info, notice, warning, error, critical
}

enum LogFormat: String, CaseIterable, ExpressibleByArgument { case text, json }

/// The log on standard error.
enum Log {
  /// Starts logging. Call it once, before anything is logged.
  static func start(_ level: LogLevel, _ format: LogFormat) {
    let level = Logger.Level(rawValue: level.rawValue) ?? .warning
    LoggingSystem.bootstrap { ConsoleLog(label: $0, logLevel: level, format: format) }
  }
}

/// Writes one line for each event: time, level, label, message, and its metadata sorted by key.
struct ConsoleLog: LogHandler {
  let label: String
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  let format: LogFormat

  init(label: String, logLevel: Logger.Level, format: LogFormat) {
    self.label = label
    self.logLevel = logLevel
    self.format = format
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let line = line(event.level, "\(event.message)", all, at: Date())
    if format == .json { Console.note(json: line) } else { Console.note(line) }
  }

  /// An event as one line. Line breaks in it are made visible.
  func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at date: Date) -> String {
    let time = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let fields = metadata.mapValues { "\($0)" }
    switch format {
    case .text:
      let rest = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted($0.value))" }.joined()
      return visible("\(time) \(level.rawValue) \(label): \(message)\(rest)")
    case .json:
      // Metadata of the caller cannot override these fields.
      let own = ["time": time, "level": level.rawValue, "label": label, "message": message]
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let data = try? encoder.encode(fields.merging(own) { _, own in own })
      return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
  }

  /// Quotes a value unless it is a single word.
  private func quoted(_ value: String) -> String {
    value.isEmpty || value.contains { $0.isWhitespace || $0 == "\"" } ? value.debugDescription : value
  }
}
