import ArgumentParser
import Workbench

struct Doctor: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Check what is installed, what is missing, and how to get it.",
    discussion: """
      Example: cox doctor --config c.yaml --policy

      Checks what the configuration uses. What it does not use is listed as unused.
      """)

  @OptionGroup(title: "Doctor") var own: DoctorOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let checks = await Check.all(store: common.store, asksPolicy: own.policy, configuration: common.config) {
      try common.options()
    }
    if let json = common.json { try Console.write(json: checks, to: json) }
    if common.json != "-" {
      for check in checks { Console.print(check.text) }
    }
    if checks.contains(where: { !$0.isFine }) { throw ExitCode(ExitStatus.failed) }
  }
}

/// Options that only `cox doctor` has.
struct DoctorOptions: ParsableArguments {
  @Flag(
    help: """
      Also call the configured policy: whether it answers, how fast, and what its server can do. These are a few small \
      calls, which are paid for and not stored.
      """)
  var policy = false
}
