import Agents
import Foundation
import Testing

@testable import JavaBridge
@testable import ScienceWorld

/// The path of Java, or nil if it is not installed.
let java = try? JavaProgram.scienceWorld.findJava()

/// Settings for the jar in `COXSWAIN_VENV` or in this checkout's `.venv`. A test without the jar fails.
func settings(
  processes: Int = 1, episodes: Int = 8, memory: Int = 640, loads: Int = 2000
) throws -> SimulatorPool.Settings {
  SimulatorPool.Settings(
    .scienceWorld, jar: try JavaProgram.scienceWorld.findJar(in: [virtualEnvironment]), java: try #require(java),
    processes: processes,
    episodesPerProcess: episodes, memory: memory, loadsPerProcess: loads)
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

/// The world with all games.
func world(
  _ pool: SimulatorPool, simplifications: [ScienceWorld.Simplification] = [.easy], stepLimit: Int = 1000
) throws -> ScienceWorld {
  try ScienceWorld(pool: pool, games: .variations(), simplifications: simplifications, stepLimit: stepLimit)
}

/// The process ids of simulators that were started with this memory limit.
func simulators(memory: Int) -> [pid_t] {
  let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return processes.compactMap { pid_t($0) }.filter { id in
    guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return false }
    let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return words.contains("-Xmx\(memory)m") && words.contains("py4j.GatewayServer") && words[0].hasSuffix("java")
  }
}

/// Whether the condition becomes true within a minute: the machine may be busy.
func comesTrue(_ condition: () -> Bool) async throws -> Bool {
  for _ in 0..<1_200 {
    if condition() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return condition()
}
