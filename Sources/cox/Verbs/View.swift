import ArgumentParser
import Workbench

struct View: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Show a store on a local page, also while a run writes to it.",
    discussion: """
      Example: cox view --store runs.sqlite --open

      Runs with progress and cost, tasks, search in all texts, every trajectory as a conversation with the prompts as they were \
      sent, populations and search trees as they grow, two trajectories side by side. The page is on 127.0.0.1 alone; the token in \
      the printed address admits a browser. The store is only read, and need not exist yet. Ctrl-C ends it.
      """)

  @OptionGroup(title: "View") var own: ViewOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func validate() throws {
    if !(0...65_535).contains(own.port) { throw ValidationError("--port is \(own.port); it must be 0 to 65535.") }
  }

  func run() async throws {
    try await Workbench.view(
      store: common.store, port: own.port, isOpening: own.open, observer: TerminalObserver(isQuiet: common.quiet)
    ) { address, port in
      if let json = common.json {
        try Console.write(json: Served(address: address, port: port, store: common.store), to: json)
      }
      if common.json != "-" {
        Console.print("\(common.store) is shown at \(address)")
        if !common.quiet { Console.note("Ctrl-C ends the page.") }
      }
    }
  }

  private struct Served: Encodable {
    let address: String
    let port: Int
    let store: String
  }
}

/// Options that only `cox view` has.
struct ViewOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The port on 127.0.0.1; 0 is a free one.", valueName: "port"))
  var port = 0

  @Flag(help: "Open the page in a browser.")
  var open = false
}
