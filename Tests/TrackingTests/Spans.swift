import Agents
import Foundation
import Steering
import TestSupport
import Testing

@testable import Tracking

/// A span as PyPI's opentelemetry-proto reads it.
struct ReadSpan: Decodable {
  let trace, id, parent, name, message, service, scope: String
  let kind, status: Int
  let start, end: UInt64
  let attributes: [String: JSONValue]

  func text(_ key: String) -> String? { attributes[key]?.text }
  func integer(_ key: String) -> Int? { attributes[key]?.integer }
}

/// A receiver of spans.
enum Receiver {
  static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// Parses bodies in the Python of set-up.
  static func read(_ bodies: [Data]) async throws -> [ReadSpan] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("otlp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, output) = (folder.appendingPathComponent("in"), folder.appendingPathComponent("out"))
    var lines = Data()
    for body in bodies { lines += body + Data("\n".utf8) }
    try lines.write(to: input)
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    let process = Process()
    process.executableURL = root.appendingPathComponent(".venv/bin/python")
    process.arguments = [root.appendingPathComponent("Tests/TrackingTests/parse_otlp.py").path]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    try #require(process.terminationStatus == 0, "opentelemetry-proto refuses what was sent")
    return try JSONDecoder().decode([ReadSpan].self, from: Data(contentsOf: output))
  }

  static func spans(_ server: TestServer) async throws -> [ReadSpan] { try await read(server.requests.map(\.body)) }

  static let model: TracedModel = {
    var model = TracedModel(provider: "openai", model: "m")
    (model.temperature, model.maxTokens, model.address, model.port) = (0.5, 64, "127.0.0.1", 8080)
    return model
  }()

  /// Runs a campaign with a tracer.
  static func run(
    _ campaign: Campaign, _ tasks: [AgentTask], to url: String, sample: Double = 1, content: Bool = false,
    headers: String? = nil, patience: Double = 30
  ) async throws -> (outcome: Campaign.Outcome, loss: TrackingLoss) {
    var settings = OTelSettings(url: url)
    (settings.sample, settings.content) = (sample, content)
    let tracer = try OTelTracer(settings, headers: headers, model: model, now: Date().timeIntervalSince1970)
    var campaign = campaign
    campaign.tracer = tracer
    do {
      let outcome = try await campaign.run(tasks)
      return (outcome, await tracer.close(within: patience))
    } catch {
      _ = await tracer.close(within: 0)
      throw error
    }
  }
}

extension TestServer {
  /// The URL without `/v1`.
  var base: String { "http://127.0.0.1:\(port)" }
}
