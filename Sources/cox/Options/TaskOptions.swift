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

  @Option(
    help: ArgumentHelp(
      "Only a share of these tasks, such as 3/16, in a store of its own. `cox merge` makes one store of all.",
      valueName: "k/n"),
    transform: { text in
      guard let shard = Shard(text) else {
        throw ValidationError("--shard is a share of the tasks such as 3/16, from 1/16 to 16/16, not \(text).")
      }
      return shard
    })
  var shard: Shard?

  var choice: TaskChoice {
    var choice = TaskChoice(split: split, tasks: tasks, flag: "--tasks")
    choice.shard = shard
    return choice
  }
}

extension Split: ExpressibleByArgument {}
