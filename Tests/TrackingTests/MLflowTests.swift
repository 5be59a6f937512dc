import Agents
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Tracking

/// A tracking server that answers what MLflow 3.17 answered to the same requests: `mlflow_exchange.jsonl` was recorded
/// from a real one. `COXSWAIN_MLFLOW` names a real server to use in its place.
final class MLflowDouble: Sendable {
  private struct Exchange {
    let method, path: String
    let request: JSONValue?
    let status: Int
    let answer: String
  }

  private let exchanges: [Exchange]
  private let next = Mutex(0)
  /// What was asked otherwise than recorded.
  let differences = Mutex<[String]>([])

  init() throws {
    let file = Receiver.root.appendingPathComponent("Tests/TrackingTests/mlflow_exchange.jsonl")
    exchanges = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      let json = try #require(JSONValue(parsing: String(line)))
      return Exchange(
        method: json["method"]?.text ?? "", path: json["path"]?.text ?? "", request: json["request"],
        status: json["status"]?.integer ?? 0, answer: json["answer"]?.shown ?? "")
    }
  }

  func answer(_ request: TestServer.Request) -> TestServer.Reply {
    let place = next.withLock { next in
      defer { next += 1 }
      return next
    }
    guard exchanges.indices.contains(place) else { return .answer(500, "{}") }
    let known = exchanges[place]
    let isJSON = request.headers["content-type"] == "application/json"
    let asked: JSONValue? = isJSON ? JSONValue(parsing: String(decoding: request.body, as: UTF8.self)) : nil
    if request.path != known.path || isJSON && asked.map(Self.timeless) != known.request.map(Self.timeless) {
      differences.withLock {
        $0.append("\(place): \(request.path) \(asked?.json ?? "") is not \(known.path) \(known.request?.json ?? "")")
      }
    }
    return .answer(known.status, known.answer)
  }

  /// Without what depends on the time.
  private static func timeless(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let fields):
      .object(
        fields.filter { !["timestamp", "start_time", "end_time"].contains($0.key) }.mapValues(timeless))
    case .list(let items): .list(items.map(timeless))
    default: value
    }
  }

  var isUsedUp: Bool { next.withLock(\.self) == exchanges.count }
}

@Suite("Parameters and figures at MLflow", .serialized)
struct MLflowTests {
  private static let run = {
    var run = TrackedRun(id: "0123456789abcdef0123456789abcdef", name: "steer amc × 3")
    run.parameters = ["method": "amc", "particles": "3", "policy": "m chat \"react\" +1"]
    run.tags = ["coxswain.verb": "steer", "mlflow.source.name": "cox steer"]
    return run
  }()

  private static func report(_ tasks: Range<Int>, to settings: MLflowSettings, status: TrackedRun.Status) async
    -> TrackingLoss
  {
    let tracker = MLflowTracker(settings, token: nil)
    tracker.begin(run)
    for task in tasks {
      tracker.log(
        ["task/policyCalls": Double(10 + task), "task/rewardBest": 0.5 + 0.25 * Double(task), "task/softValue": .nan],
        step: task, of: run.id)
    }
    tracker.finish(run.id, figures: ["rewardBest": 0.625, "rewardBest.se": 0.125], status: status)
    tracker.add(file: Data("<p>Report</p>".utf8), named: "report.html", to: run.id)
    return await tracker.close(within: 60)
  }

  @Test("A run is made with its parameters, figures and file, and a resumed one goes on where it stopped")
  func whole() async throws {
    let double = try MLflowDouble()
    let real = ProcessInfo.processInfo.environment["COXSWAIN_MLFLOW"]
    try await TestServer.with(double.answer) { server in
      var settings = MLflowSettings(url: real ?? server.base)
      settings.experiment = "tried + tested / 1"
      let first = await Self.report(0..<2, to: settings, status: .stopped)
      #expect(first.text == nil && first.sent == 5, "\(first)")
      let second = await Self.report(0..<3, to: settings, status: .finished)
      #expect(second.text == nil && second.sent == 6, "\(second)")
      guard real == nil else { return }
      #expect(double.differences.withLock(\.self) == [] && double.isUsedUp)
      let known = server.requests.last { $0.path.contains("log-batch") && $0.json["metrics"] != nil && $0.number > 10 }
      #expect(known != nil)
    }
  }

  @Test("Batches stay below the server's limits, and the token goes into a header alone")
  func limits() async throws {
    let most = Mutex((metrics: 0, parameters: 0))
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let json = request.json
      most.withLock {
        $0.metrics = max($0.metrics, (json["metrics"] as? [Any])?.count ?? 0)
        $0.parameters = max($0.parameters, (json["params"] as? [Any])?.count ?? 0)
      }
      return switch request.path.split(separator: "?")[0].split(separator: "/").suffix(2).joined(separator: "/") {
      case "experiments/get-by-name": .answer(200, #"{"experiment":{"experiment_id":"7"}}"#)
      case "runs/create":
        .answer(200, #"{"run":{"info":{"run_id":"r","artifact_uri":"mlflow-artifacts:/7/r/artifacts"}}}"#)
      default: .answer(200, "{}")
      }
    }
    try await TestServer.with(reply) { server in
      let tracker = MLflowTracker(MLflowSettings(url: server.base), token: "secret-token")
      var run = Self.run
      for number in 0..<250 { run.parameters["p\(number)"] = String(repeating: "x", count: 2_000) }
      tracker.begin(run)
      for step in 0..<300 {
        tracker.log(Dictionary(uniqueKeysWithValues: (0..<12).map { ("f\($0)", 1.0) }), step: step, of: run.id)
      }
      tracker.add(file: Data("x".utf8), named: "report.html", to: run.id)
      let loss = await tracker.close(within: 60)
      #expect(loss.text == nil && loss.sent == 302)
      let (metrics, parameters) = most.withLock { ($0.metrics, $0.parameters) }
      #expect(metrics > 12 && metrics <= 1_000 && parameters == 100)
      #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret-token" })
      #expect(!server.requests.contains { String(decoding: $0.body, as: UTF8.self).contains("secret-token") })
      #expect(server.requests.contains { $0.path == "/api/2.0/mlflow-artifacts/artifacts/7/r/artifacts/report.html" })
    }
  }

  @Test("A server that refuses, breaks or lacks something is told in one remark")
  func refusals() async throws {
    for (status, body, words) in [
      (403, #"{"error_code":"PERMISSION_DENIED","message":"secret"}"#, "answered 403 PERMISSION_DENIED"),
      (500, "secret", "answered 500"), (200, "not JSON", "without an experiment"),
      (200, #"{"experiment":{"experiment_id":"7","lifecycle_stage":"deleted"}}"#, "is deleted at the server"),
      (404, #"{"error_code":"evil\u001b[31m code"}"#, "answered 404;"),
    ] {
      try await TestServer.with { _ in
        .answer(status, body)
      } _: { server in
        let loss = await Self.report(0..<2, to: MLflowSettings(url: server.base), status: .failed)
        let text = (loss.text ?? "") + ";"
        #expect(loss.sent == 0 && loss.losses.values.reduce(0, +) == 5, "\(loss)")
        #expect((text.replacing(")", with: ";")).contains(words) || text.contains(words), "\(text)")
        #expect(!text.contains("secret") && !text.contains("\u{1B}"))
      }
    }
    // Without a proxy for files.
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      request.path.contains("get-by-name")
        ? .answer(200, #"{"experiment":{"experiment_id":"7"}}"#)
        : .answer(200, #"{"run":{"info":{"run_id":"r","artifact_uri":"s3://bucket/r"}}}"#)
    }
    try await TestServer.with(reply) { server in
      let loss = await Self.report(0..<2, to: MLflowSettings(url: server.base), status: .failed)
      #expect(loss.sent == 4 && loss.text?.contains("does not take files") == true, "\(loss)")
    }
  }
}
