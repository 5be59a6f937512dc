import Findings
import Foundation
import Steering
import TestSupport
import TestTraits
import Testing

@Suite("Frontier search, budgets and method auto, as a user runs them", .alone)
struct FrontierCommandTests {
  @Test("steer and compare under one budget, with pictures, and a rerun that asks nothing")
  func frontier() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await CompareTests.prepared(server, tasks: 4)
      defer { cox.clean() }
      let flags = ["--methods", "best-of,amc,frontier", "--particles", "4"]
      let first = try await CompareTests.compare(cox, file, flags + ["--json", "-", "--genealogy", "pictures"])
      #expect(first.status == 0, "\(first.errors)")
      let comparison = try Comparison(json: Data(first.output.utf8))
      let rows = Dictionary(uniqueKeysWithValues: comparison.methods.map { ($0.method, $0) })
      let (amc, frontier) = (try #require(rows["amc"]), try #require(rows["frontier"]))
      // The search has the calls that amc took, and stops early if every task is solved.
      #expect(frontier.policyCalls <= amc.policyCalls && frontier.tasks == 4 && frontier.softValue.mean.isNaN)
      #expect(comparison.differences.contains { $0.method == "frontier" && $0.against == "best-of" })
      let asked = server.requests.count
      let again = try await CompareTests.compare(cox, file, flags + ["--json", "-", "--quiet"])
      #expect(server.requests.count == asked && again.status == 0, "\(again.errors)")
      #expect(CompareTests.lasting(again.json) == CompareTests.lasting(first.json))
      let steered = try await cox.run(
        "steer", "--config", file, "--store", "s.sqlite", "--critic", "trees", "--method", "frontier", "--calls", "20",
        "--width", "2", "--genealogy", "trees", "--json", "-")
      #expect(steered.status == 0 && steered.json["budget"] as? Int == 20, "\(steered.errors)")
      let pictures = try FileManager.default.contentsOfDirectory(
        atPath: cox.folder.appendingPathComponent("trees").path)
      #expect(pictures.count == 4)
      let picture = cox.folder.appendingPathComponent("trees").appendingPathComponent(try #require(pictures.first))
      #expect(try String(contentsOf: picture, encoding: .utf8).contains("cox-tree"))
      let report = try await cox.run(
        "report", "--config", file, "--store", "s.sqlite", "--critic", "trees", "--output", "r.html")
      #expect(report.status == 0, "\(report.errors)")
      let html = try String(contentsOf: cox.folder.appendingPathComponent("r.html"), encoding: .utf8)
      #expect(html.contains("Search trees") && html.contains("cox-tree"))
      let shown = try await cox.run("show", "last", "--store", "s.sqlite")
      #expect(shown.status == 0, "\(shown.errors)")
    }
  }

  @Test("A study of calls compares all methods with and without one budget")
  func study() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await CompareTests.prepared(server, tasks: 3)
      defer { cox.clean() }
      let result = try await CompareTests.compare(
        cox, file, ["--study", "calls", "--resample", "steps:1,2", "--json", "-", "--chart", "c.svg"])
      #expect(result.status == 0, "\(result.errors)")
      let comparison = try Comparison(json: Data(result.output.utf8))
      let labels = Set((comparison.points ?? []).map(\.label))
      #expect(
        labels.isSuperset(of: ["best-of", "best-of, stopping", "amc", "amc, waves of 4", "frontier"]), "\(labels)")
      for method in comparison.methods {
        #expect(method.policyCalls <= 3 * (method.budget ?? 5 * method.particles), "\(method.method)")
      }
      #expect(FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("c.svg").path))
    }
  }

  @Test("auto obeys the plan; without a critic it is best-of with stopping")
  func automatic() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await PlanCommandTests.prepared(server)
      defer { cox.clean() }
      let planned = try await cox.run(
        "plan", "--config", file, "--temperatures", "0.05", "--work", PlanCommandTests.work, "--json", "-", "--quiet")
      let plan = try JSONDecoder().decode(Plan.self, from: Data(planned.output.utf8))
      let choice = try #require(plan.methodChoice(hasVerifier: true))
      #expect(plan.methods?.count == 2 && choice.forecasts.first?.method == "best-of")
      let steered = try await cox.run("steer", "--config", file, "--method", "auto", "--json", "-")
      #expect(steered.status == 0 && steered.json["method"] as? String == choice.method, "\(steered.errors)")
      #expect(steered.errors.contains("auto: "))
      let fresh = try await cox.run(
        "steer", "--config", file, "--store", "empty.sqlite", "--method", "auto", "--calls", "10", "--json", "-")
      #expect(fresh.status == 0 && fresh.json["method"] as? String == "best-of", "\(fresh.errors)")
      #expect((fresh.json["policyCalls"] as? Int ?? 99) <= 40)
    }
  }

  @Test("What cannot be run is said, with the key")
  func wrong() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(OrderServer.configuration("http://127.0.0.1:1", tasks: 2), to: "c.yaml")
    for (flags, words) in [
      (["--calls", "0"], "steering.calls"), (["--width", "0"], "steering.width"),
      (["--worth", "-1"], "steering.worth"),
    ] {
      let (process, output, errors) = try cox.start(["steer", "--config", file, "--method", "frontier"] + flags)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 2 && result.errors.contains(words), "\(flags): \(result.errors)")
    }
    let priced = try await cox.run(
      "steer", "--config", file, "--method", "frontier", "--critic", "constant", "--worth", "1")
    #expect(priced.status == 2 && priced.errors.contains("policy.pricing"), "\(priced.errors)")
    let alone = try await cox.run("steer", "--config", file, "--method", "frontier")
    #expect(alone.status == 2 && alone.errors.contains("cox train"), "\(alone.errors)")
  }
}
