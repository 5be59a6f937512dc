import Agents
import ArgumentParser
import Workbench

/// Options for choosing tasks.
struct TaskOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The split: train, validation or test.", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp(
      "Only these tasks of the split, by position (\"0..<40\", \"0,3,5\") or by id.", valueName: "tasks")
  )
  var tasks: String?

  var choice: TaskChoice { TaskChoice(split: split, tasks: tasks, flag: "--tasks") }
}

extension Split: ExpressibleByArgument {}
