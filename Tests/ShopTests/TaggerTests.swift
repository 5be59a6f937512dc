import Agents
import Foundation
import Testing

@testable import Shop

/// Runs `body` with a Python that finds this version of spaCy.
private func withPython(spaCy: String, _ body: (_ python: String) async throws -> Void) async throws {
  try await withDirectory(["spacy.py": spaCy]) { folder in
    let path = "\(folder)/python"
    try Data("#!/bin/sh\nPYTHONPATH='\(folder)' exec python3 \"$@\"\n".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    try await body(path)
  }
}

/// A stand-in that takes capitalised words for nouns.
private let spaCy = """
  class Word:
      def __init__(self, text):
          self.text, self.pos_ = text, "PROPN" if text[0].isupper() else "ADJ"

  class Model:
      meta = {"version": "7"}

      def pipe(self, titles, batch_size):
          return ([Word(word) for word in title.split()] for title in titles)

  def load(name, exclude):
      if name != "en_core_web_sm":
          raise OSError(name)
      return Model()
  """

@Test func aTaggerIsAskedForTheNounsOfEveryTitle() async throws {
  try await withPython(spaCy: spaCy) { python in
    try await withDirectory(handWrittenFiles) { directory in
      var files = try ShopFiles(directory: directory)
      let plain = try Catalogue.files(files)
      #expect(try await plain.product(at: 0).taggedNouns == nil)
      files.tagger = python
      let catalogue = try Catalogue.files(files)
      #expect(catalogue.origin.contains(", nouns by en_core_web_sm 7,") && catalogue.origin != plain.origin)
      #expect(try await catalogue.product(at: 0).titleNouns == ["acme", "wool", "sweater", "women"])
      #expect(try await catalogue.product(at: 2).titleNouns == ["grand", "piano"])
      // The database exists, so Python is not started again.
      try FileManager.default.removeItem(atPath: python)
      #expect(try Catalogue.files(files).origin == catalogue.origin)
      let names = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(names.filter { !$0.hasSuffix(".json") }.count == 1)
    }
  }
}

@Test(arguments: [
  ("raise ImportError()", "it has no spaCy: pip install spacy"),
  ("def load(name, exclude): raise OSError(name)", "its spaCy has no English model"),
  ("def load(name, exclude): raise ValueError('torn')", "torn"), (nil, "cannot be started"),
])
func aTaggerThatGivesNothingIsNamed(spaCy: String?, reason: String) async throws {
  try await withPython(spaCy: spaCy ?? "") { python in
    try await withDirectory(handWrittenFiles) { directory in
      var files = try ShopFiles(directory: directory)
      files.tagger = spaCy == nil ? "\(directory)/nowhere" : python
      let error = try await environmentError { try Catalogue.files(files) }
      #expect(error.kind == .misconfigured && error.message.contains("environment.tagger"), "\(error)")
      #expect(error.message.contains(reason), "\(error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
    }
  }
}
