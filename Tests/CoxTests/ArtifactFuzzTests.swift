import Agents
import Findings
import Foundation
import Reporting
import TestSupport
import Testing

@testable import Steering
@testable import Workbench
@testable import cox

@Suite("Damaged plans and comparisons are errors")
struct ArtifactFuzzTests {
  static let estimate = #"{"mean":0.5,"se":0.1}"#
  static let row =
    #"{"particles":2,"temperature":0.1,"resample":"steps:1","rewardBest":\#(estimate),"rewardWeighted":\#(estimate),"gainBest":\#(estimate),"gainWeighted":\#(estimate),"calls":8,"cost":0}"#
  static let choice =
    #"{"answer":"search","particles":2,"temperature":0.1,"resample":"steps:1","gain":\#(estimate),"interval":[0.1,0.2],"candidate":\#(row),"bestOf":\#(estimate),"reason":"so","moreRollouts":12}"#
  static let plan =
    #"{"format":"coxswain-plan","version":1,"environment":{"kind":"w","rules":"r"},"policy":"p","critic":"c","rollouts":8,"tasks":4,"particles":2,"scale":1,"choices":[\#(choice)],"byTemperature":[\#(choice)],"rows":[\#(row),\#(row)]}"#

  @Test("Plans: what is accepted can be obeyed and shown", .timeLimit(.minutes(10)))
  func plans() async throws {
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("p.json").path
    let version = Self.plan.replacing("\"version\":1", with: "\"version\":\(Plan.version)")
    var read = 0
    for await data in Fuzz("Plan", [version], count: 600, words: ["\"steps:1\"", "\"ess:0.5\"", "\"none\"", "[]"]) {
      try data.write(to: URL(fileURLWithPath: path))
      guard let plan = try? Workbench.plan(at: path) else { continue }
      read += 1
      for answer in Answer.allCases { _ = plan.choice(answer, particles: 2)?.schedule }
      _ = plan.choice(temperature: 0.1, particles: 2)?.schedule
      _ = plan.row(particles: 2, temperature: 0.1, resample: "steps:1")
      _ = PlanTable(plan, answer: .search).text
    }
    #expect(read > 0)
  }
}
