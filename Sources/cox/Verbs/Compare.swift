import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering

struct Compare: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Several methods on the same tasks at equal model calls, with standard errors.",
    discussion: """
      The steered method runs first; best-of is given attempts until it has made at least as many calls on each task. \
      Differences are paired over tasks.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var chosen: TaskOptions
  @OptionGroup var steering: SteeringOptions

  @Option(help: ArgumentHelp("Which methods, with commas: single, best-of, amc.", valueName: "methods"))
  var methods = "single,best-of,amc"

  @Option(help: ArgumentHelp("Draw the comparison into this SVG file.", valueName: "file"))
  var chart: String?

  @Option(
    help: ArgumentHelp(
      "Draw who was culled and who was cloned, one SVG per task, into this folder.", valueName: "folder"))
  var genealogy: String?

  func run() async throws {
    let methods = try Self.parse(methods)
    let workspace = try await Workspace(common)
    let (tasks, split) = try chosen.select(from: workspace.suite, default: .test)
    var settings = workspace.configuration.steering
    try steering.apply(to: &settings)
    if methods.contains(.amc), steering.isAutomatic(workspace.configuration) {
      settings.method = .amc
      settings = try await workspace.planned(settings, by: steering)
    }
    try workspace.check(settings, for: tasks)
    let critic = methods.contains(.amc) || steering.critic != nil ? try workspace.critic(steering.critic) : nil
    let (comparison, steered, stopped) = try await workspace.withRun { [settings] run in
      try await run.compare(methods, on: tasks, split: split, settings: settings, critic: critic)
    }
    if let chart { try Console.write(Data(ComparisonChart.svg(comparison).utf8), toFile: chart) }
    if let genealogy { try Pictures.write(steered, to: genealogy) }
    if let json = common.json { try Console.write(json: comparison, to: json) }
    if common.json != "-" { Console.print(ComparisonTable(comparison).text) }
    if let stopped { throw stopped }
  }

  static func parse(_ list: String) throws -> [Steering.Method] {
    let names = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let methods = try names.map { name in
      guard let method = Steering.Method(rawValue: name) else {
        let valid = Steering.Method.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("--methods names \(name); the methods are \(valid).")
      }
      return method
    }
    guard !methods.isEmpty, Set(methods).count == methods.count else {
      throw ConfigurationError("--methods \(list) names no method, or one twice.")
    }
    return methods
  }
}
