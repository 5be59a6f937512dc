import Foundation
import TestSupport
import Testing
import Tracking

@testable import Workbench
@testable import cox

@Suite("Trackers on the command line")
struct TrackingCommandTests {
  private static func failure(_ tracking: String) -> String {
    ConfigurationTests.failure(ConfigurationTests.least + "tracking: { \(tracking) }\n") ?? "accepted"
  }

  @Test func keysAreRead() throws {
    func tracking(_ text: String) throws -> TrackingSettings {
      try Configuration(yaml: ConfigurationTests.least + "tracking: { \(text) }\n", file: "c.yaml").tracking
    }
    let bare = try tracking("otel: \"http://127.0.0.1:4318\", mlflow: \"https://m.example.com/\", wandb: mine")
    #expect(bare.otel == OTelSettings(url: "http://127.0.0.1:4318"))
    #expect(
      bare.mlflow == MLflowSettings(url: "https://m.example.com/") && bare.wandb == WandBSettings(project: "mine"))
    #expect(try tracking("otel: none, mlflow: , wandb: null").isEmpty)
    let full = try tracking(
      """
      otel: { url: "http://h.example.com", allowPlainHTTP: true, sample: 1, content: true, service: s, headersVariable: A_B },
      wandb: { project: p, entity: e, mode: offline, apiKeyVariable: K }
      """)
    #expect(full.otel?.sample == 1 && full.otel?.content == true && full.otel?.service == "s")
    #expect(full.wandb?.mode == .offline && full.keyVariables == ["A_B", "K"])
    let whole = try Configuration(
      yaml: ConfigurationTests.least + "tracking: { wandb: { project: p } }", file: "c.yaml")
    #expect(whole.environment.children.keys.contains("WANDB_API_KEY"))
  }

  @Test func wrongKeysAreRefused() {
    #expect(Self.failure("otel: { endpoint: \"http://127.0.0.1\" }").contains("did you mean tracking.otel.url?"))
    #expect(Self.failure("otle: x").contains("unknown key tracking.otle; did you mean tracking.otel?"))
    #expect(Self.failure("mlflow: { experiment: e }").contains("tracking.mlflow.url is missing"))
    #expect(Self.failure("wandb: { name: e }").contains("tracking.wandb.project is missing"))
    #expect(Self.failure("wandb: { project: p, mode: onlin }").contains("online, offline"))
    #expect(Self.failure("wandb: a/b").contains("tracking.wandb.project is not the name of a project"))
    #expect(Self.failure("otel: \"ftp://a\"").contains("tracking.otel.url is not the URL of a server"))
    #expect(Self.failure("otel: \"http://a.example.com\"").contains("tracking.otel.allowPlainHTTP"))
    #expect(Self.failure("mlflow: \"https://u:secret@a.example.com\"").contains("holds a user or a password"))
    for share in ["0", "1.5", "-1", ".nan"] {
      #expect(Self.failure("otel: { url: \"http://127.0.0.1\", sample: \(share) }").contains("above 0 and at most 1"))
    }
    for (tracker, key) in [
      ("otel: { url: \"http://127.0.0.1\"", "headersVariable"), ("wandb: { project: p", "apiKeyVariable"),
    ] {
      let said = Self.failure("\(tracker), \(key): \"sk-4f1b/9c\" }")
      #expect(said.contains("\(key) is not the name of an environment variable") && !said.contains("sk-4f1b"))
    }
  }

  private static let secret = "planted-4f1b-9c7e2d"

  @Test("Trackers that are down, slow or hostile change nothing but one remark each, and no secret gets out")
  func faults() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { policy in
      let plain = try cox.write(
        OrderServer.configuration(policy.url, tasks: 2, policy: "samplesPerCall: 1"), to: "p.yaml")
      let without = try await cox.run(
        "steer", "--method", "best-of", "--config", plain, "--store", "p.sqlite", "--json", "-", "--quiet")
      #expect(without.status == 0, "\(without.errors)")
      for fault in ["down", "echo", "hang"] {
        let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
          switch fault {
          case "echo":
            .answer(401, "{\"error_code\":\"X\",\"message\":\"\(request.headers["authorization"] ?? "")\"}")
          case "hang": .hang(300)
          default: .reset
          }
        }
        try await TestServer.with(reply) { backend in
          let base = fault == "down" ? "http://127.0.0.1:9" : "http://127.0.0.1:\(backend.port)"
          let tracking = """

            tracking:
              otel: { url: "\(base)", headersVariable: COX_TEST_HEADERS, sample: 1 }
              mlflow: { url: "\(base)", tokenVariable: COX_TEST_TOKEN }
            """
          let file = try cox.write(
            OrderServer.configuration(policy.url, tasks: 2, policy: "samplesPerCall: 1") + tracking, to: "\(fault).yaml"
          )
          let secrets = ["COX_TEST_HEADERS": "authorization=\(Self.secret)", "COX_TEST_TOKEN": Self.secret]
          let start = ContinuousClock.now
          let run = try await cox.run(
            "steer", "--method", "best-of", "--config", file, "--store", "\(fault).sqlite", "--json", "-",
            "--log-level", "trace", environment: secrets)
          // A server that hangs does so for 300 s.
          #expect((ContinuousClock.now - start).inSeconds < 120)
          #expect(run.status == 0, "\(run.errors)")
          #expect(run.json["rewardBest"] as? NSDictionary == without.json["rewardBest"] as? NSDictionary)
          #expect(run.json["policyCalls"] as? Int == without.json["policyCalls"] as? Int)
          let remarks = run.errors.split(separator: "\n").filter { $0.hasPrefix("tracking.") }
          #expect(remarks.count == 2 && remarks.allSatisfy { $0.contains("were dropped (") }, "\(run.errors)")
          #expect(!(run.output + run.errors).contains(Self.secret), "\(run.errors)")
          let doctor = try await cox.run("doctor", "--config", file, environment: secrets)
          #expect(
            doctor.status == 1 && doctor.output.contains("MISSING  Tracking, otel: \(base): "), "\(doctor.output)")
          #expect(!(doctor.output + doctor.errors).contains(Self.secret))
          let off = try await cox.run("doctor", "--config", file, "--no-tracking")
          #expect(!off.output.contains("Tracking"))
        }
      }
      #expect(try SafetyTests.files(in: cox.folder, with: Self.secret) == [])
    }
  }

  @Test("What is missing is said before the first call")
  func missing() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { policy in
      let python = Command.root.appendingPathComponent(".venv/bin/python").path
      for (tracking, words) in [
        ("wandb: { project: p, python: \"\(python)\" }", "\(python) -m pip install wandb"),
        ("wandb: { project: p, python: /nowhere/python }", "/nowhere/python does not have it"),
        (
          "otel: { url: \"http://127.0.0.1:9\", headersVariable: COX_TEST_UNSET }",
          "COX_TEST_UNSET, which tracking.otel"
        ),
        (
          "mlflow: { url: \"http://127.0.0.1:9\", tokenVariable: COX_TEST_UNSET }",
          "which tracking.mlflow.tokenVariable"
        ),
      ] {
        let file = try cox.write(
          OrderServer.configuration(policy.url, tasks: 1) + "\ntracking: { \(tracking) }\n", to: "c.yaml")
        let run = try await cox.run("steer", "--method", "single", "--config", file, "--store", "s.sqlite")
        #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
        let off = try await cox.run(
          "steer", "--method", "single", "--no-tracking", "--config", file, "--store", "o.sqlite")
        #expect(off.status == 0, "\(off.errors)")
      }
      #expect(policy.requests.count <= 5)
    }
  }
}
