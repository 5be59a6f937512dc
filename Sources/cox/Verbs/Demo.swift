import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering
import Workbench

struct Demo: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Run all stages on embedded defaults: collect, train, plan, compare.",
    discussion: """
      Example: cox demo

      Starts a real 135M-parameter model on loopback, collects rollouts of an order desk, trains a critic on them, and \
      compares single, best-of-N, amc and frontier search on orders it never saw, at equal model calls.
      """)

  @OptionGroup(title: "Demo") var own: DemoOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if own.rollouts < 2 { throw ValidationError("--rollouts is \(own.rollouts); it must be at least 2.") }
  }

  func run() async throws {
    if own.printConfig { return Console.print(Defaults.yaml) }
    let start = ContinuousClock.now
    let (comparison, compared) = try await Workbench.with(common.options(limits, keeps: false)) { bench in
      try await bench.demonstrate(rollouts: own.rollouts, heading: common.say)
    }
    try common.deliver(comparison) { "\n" + comparison.text }
    try Pictures.draw(after: compared.end) {
      try OutputFile.write(Data(ComparisonChart.svg(comparison).utf8), to: "\(own.output)/comparison.svg")
      try Pictures.write(Array(compared.steered.prefix(3)), to: "\(own.output)/genealogy")
    }
    if common.json != "-" {
      Console.print("\nPictures: \(own.output)/comparison.svg, \(own.output)/genealogy/")
      Console.print("Took \(Format.duration(seconds: (ContinuousClock.now - start).inSeconds)).")
    }
  }
}

/// Options that only `cox demo` has.
struct DemoOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rollouts per training order.", valueName: "count"))
  var rollouts = 8

  @Option(help: ArgumentHelp("Where the pictures go.", valueName: "folder"))
  var output = ".coxswain/demo"

  @Flag(help: "Print the embedded configuration and stop.")
  var printConfig = false
}
