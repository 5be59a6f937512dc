import ArgumentParser
import Workbench

/// For Scripts/configuration_keys.py and other programs, and so hidden from help: people read the documentation.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Every key of the configuration, as the tables of Documentation/configuration.md.",
    discussion: "Example: cox keys --json -",
    shouldDisplay: false)

  @Option(
    help: ArgumentHelp("Write the keys as JSON instead (\"-\" for standard output).", valueName: "file"),
    completion: .file())
  var json: String?

  func run() throws {
    let groups = Workbench.configurationKeys()
    if let json { return try Console.write(json: groups, to: json) }
    Console.print(KeyTables(groups).text)
  }
}
