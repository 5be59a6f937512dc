import Agents
import Foundation

/// The records of a file, one after the other.
struct RecordFile {
  /// One record, and where it is.
  struct Record {
    /// Such as "line 3".
    let place: String
    /// nil if it is no JSON.
    let json: OrderedJSON?
    /// Why it is none.
    var problem = "it is not JSON"
    /// How much of the file was read with it, in 0...1.
    var share = 0.0
  }

  let path: String
  let format: ImportFormat
  /// In bytes.
  private let size: Int
  /// The `eval` of an inspect log.
  private(set) var spec: OrderedJSON?
  private let shape: Shape

  private enum Shape {
    /// One record a line.
    case lines
    /// The elements of a list.
    case list
    /// The samples of an inspect log.
    case samples
    /// An `.eval` file.
    case archive(ZipReader)
  }

  /// - Parameters:
  ///   - format: nil to tell it from the file.
  ///   - archive: the path of the file's contents, if they had to be compressed otherwise.
  init(_ path: String, format: ImportFormat?, archive: String? = nil) throws {
    self.path = path
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    size = max((attributes?[.size] as? NSNumber)?.intValue ?? 1, 1)
    let start = try Self.start(of: path)
    if start.starts(with: [0x50, 0x4B]) {
      guard format ?? .inspect == .inspect else {
        throw ConfigurationError(
          "\(path) is a zip file, as inspect logs (.eval) are, and no \(format?.rawValue ?? "").")
      }
      self.format = .inspect
      let zip = try Self.archive(archive ?? path, named: path)
      shape = .archive(zip)
      spec = try Self.spec(in: zip, path)
      return
    }
    if let form = FileForm(start) { throw ConfigurationError("\(path) \(form.explanation)") }
    let text = start.drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
    guard let first = text.first else { throw ConfigurationError("\(path) is empty.") }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
      throw ConfigurationError(
        "\(path) is neither JSON nor an inspect log: it begins with \"\(String(decoding: text, as: UTF8.self).clipped(to: 20))\"."
      )
    }
    let isList = first == UInt8(ascii: "[")
    if !isList, format ?? .inspect == .inspect, let spec = try Self.spec(inJSON: path) {
      (self.format, shape, self.spec) = (.inspect, .samples, spec)
      return
    }
    guard format != .inspect else {
      throw ConfigurationError("\(path) is no log of inspect_ai: it has no member eval.")
    }
    shape = isList ? .list : .lines
    let isGym = String(decoding: text.prefix(4096), as: UTF8.self).contains("\"conversations\"")
    self.format = format ?? (isGym ? .agentgym : .jsonl)
  }

  private static func start(of path: String) throws -> [UInt8] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ConfigurationError("There is no file \(path).")
    }
    guard !isFolder.boolValue, let handle = FileHandle(forReadingAtPath: path) else {
      throw ConfigurationError("\(path) is no file that can be read.")
    }
    defer { try? handle.close() }
    return Array(try handle.read(upToCount: 1 << 16) ?? Data())
  }

  /// Passes every record to `body`.
  func each(_ body: (Record) throws -> Void) throws {
    switch shape {
    case .lines:
      var cursor = try ByteCursor(path)
      while let (bytes, line) = try cursor.takeLine() {
        if bytes?.allSatisfy({ $0 <= 0x20 }) == true { continue }
        let problem = bytes == nil ? "it is longer than \(ByteCursor.longest >> 20) MB" : "it is not JSON"
        try body(
          Record(
            place: "line \(line)", json: bytes.flatMap(Self.json), problem: problem,
            share: Double(cursor.offset) / Double(size)))
      }
    case .list:
      var cursor = try ByteCursor(path)
      try cursor.skipSpace()
      _ = try cursor.take()
      try elements(&cursor, body)
    case .samples:
      var cursor = try ByteCursor(path)
      _ = try Self.members(&cursor, path) { key, cursor in
        guard key == "samples", try cursor.peek() == UInt8(ascii: "[") else { return false }
        _ = try cursor.take()
        try elements(&cursor, body)
        return true
      }
    case .archive(let zip):
      let samples = zip.entries.filter { $0.name.hasPrefix("samples/") && $0.name.hasSuffix(".json") }
      for (number, entry) in samples.enumerated() {
        let json = try Self.json(zip.bytes(of: entry, path))
        try body(
          Record(place: entry.name.clipped(to: 200), json: json, share: Double(number + 1) / Double(samples.count)))
      }
    }
  }

  /// JSON as other programs write it. Numbers that are not finite become `null`.
  static func json(_ bytes: [UInt8]) -> OrderedJSON? {
    let text = String(decoding: bytes, as: UTF8.self)
    return OrderedJSON(parsing: text) ?? OrderedJSON(parsing: withoutNonFinite(text))
  }

  private static func withoutNonFinite(_ text: String) -> String {
    var result: [UInt8] = []
    var bytes = Array(text.utf8)[...]
    var isInText = false
    let words = ["-Infinity", "Infinity", "NaN"].map { Array($0.utf8) }
    while let byte = bytes.first {
      if !isInText, let word = words.first(where: { bytes.starts(with: $0) }) {
        result += Array("null".utf8)
        bytes = bytes.dropFirst(word.count)
        continue
      }
      if byte == 0x22 { isInText.toggle() }
      result.append(byte)
      bytes = bytes.dropFirst()
      if isInText, byte == 0x5C, let escaped = bytes.first {
        result.append(escaped)
        bytes = bytes.dropFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  // MARK: - JSON documents

  /// The elements of a list whose bracket was taken.
  private func elements(_ cursor: inout ByteCursor, _ body: (Record) throws -> Void) throws {
    while true {
      try cursor.skipSpace()
      guard let byte = try cursor.peek() else {
        throw ConfigurationError("\(path) ends inside of its list, in line \(cursor.line): it is truncated.")
      }
      if byte == UInt8(ascii: "]") {
        _ = try cursor.take()
        return
      }
      if byte == UInt8(ascii: ",") {
        _ = try cursor.take()
        continue
      }
      let line = cursor.line
      let value: [UInt8]?
      do { value = try cursor.takeValue() } catch let error as BadRecord {
        throw ConfigurationError("\(path), line \(line): \(error.message).")
      }
      guard let value else { continue }
      guard try cursor.peek() != nil else {
        throw ConfigurationError("\(path) ends inside of its list, in line \(cursor.line): it is truncated.")
      }
      try body(
        Record(place: "line \(line)", json: Self.json(value), share: Double(cursor.offset) / Double(size)))
    }
  }

  /// Passes the members of the document to `body`, which takes the value or returns false.
  ///
  /// - Returns: whether the document was read to its end.
  private static func members(
    _ cursor: inout ByteCursor, _ path: String, _ body: (String, inout ByteCursor) throws -> Bool
  ) throws -> Bool {
    try cursor.skipSpace()
    guard try cursor.take() == UInt8(ascii: "{") else { return false }
    while true {
      try cursor.skipSpace()
      switch try cursor.peek() {
      case nil: return false
      case UInt8(ascii: "}"): return true
      case UInt8(ascii: ","): _ = try cursor.take()
      case UInt8(ascii: "\""):
        let key = try cursor.takeValue().flatMap(json)?.text ?? ""
        try cursor.skipSpace()
        guard try cursor.take() == UInt8(ascii: ":") else { return false }
        try cursor.skipSpace()
        if try !body(key, &cursor) { _ = try cursor.takeValue(keeping: false) }
      default: return false
      }
    }
  }

  /// The `eval` of a log; nil if the file is none.
  private static func spec(inJSON path: String) throws -> OrderedJSON? {
    var cursor = try ByteCursor(path)
    var spec: OrderedJSON?
    var hasSamples = false
    let isWhole =
      (try? members(&cursor, path) { key, cursor in
        if key == "samples" { hasSamples = true }
        guard key == "eval", let bytes = try cursor.takeValue() else { return false }
        spec = json(bytes)
        return true
      }) ?? false
    guard let spec, spec["task"] != nil, spec["model"] != nil else { return nil }
    guard isWhole else { throw ConfigurationError("\(path) is a truncated log of inspect_ai.") }
    guard hasSamples else {
      throw ConfigurationError("\(path) is a log of inspect_ai without samples: give a log with them.")
    }
    return spec
  }

  // MARK: - Zip files

  private static func archive(_ path: String, named name: String) throws -> ZipReader {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else {
      throw ConfigurationError("\(name) cannot be read.")
    }
    do { return try ZipReader(data) } catch {
      throw ConfigurationError("\(name) is a truncated or damaged zip file: fetch it again.")
    }
  }

  private static func spec(in zip: ZipReader, _ path: String) throws -> OrderedJSON {
    for name in ["header.json", "_journal/start.json"] {
      guard let entry = zip.entries.first(where: { $0.name == name }) else { continue }
      if let spec = try json(zip.bytes(of: entry, path))?["eval"], spec["task"] != nil { return spec }
    }
    throw ConfigurationError("\(path) is a zip file, and no log of inspect_ai: it has no header.json with an eval.")
  }
}

extension ZipReader {
  /// Whether some entry is compressed otherwise than here can be read, as inspect_ai does by default (Zstandard).
  var needsPython: Bool { entries.contains { $0.method != 0 && $0.method != 8 } }

  func bytes(of entry: Entry, _ path: String) throws -> [UInt8] {
    do { return try bytes(of: entry, limit: ByteCursor.longest) } catch {
      let what =
        switch error {
        case .damaged: "is damaged"
        case .method(let method): "has the compression \(method)"
        case .tooLarge: "is larger than \(ByteCursor.longest >> 20) MB"
        }
      throw ConfigurationError("\(path): the entry \(entry.name.clipped(to: 200)) \(what).")
    }
  }
}
