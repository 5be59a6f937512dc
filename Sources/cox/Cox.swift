import ArgumentParser
import Foundation
import HTTP
import Steering
import Workbench

struct Cox: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cox",
    abstract: "Makes an LLM agent better at a task without touching the model.",
    discussion: """
      Collect rollouts of a frozen model, train a critic on them, and steer new tasks by Sequential Monte Carlo: weak \
      attempts are culled half-way, strong ones cloned. `cox demo` does all of it on a small real model.

      Progress goes to standard error, results to standard output. Exit codes: 0 done, 2 bad use or configuration, \
      3 stopped by a limit, 1 anything else.
      """,
    version: BuildInformation.text,
    subcommands: [
      Demo.self, Init.self, RunAll.self, Collect.self, Diagnose.self, Train.self, MakePlan.self, Steer.self,
      Compare.self, Serve.self, View.self, Report.self, Show.self,
      Export.self, Import.self, Merge.self, CheckEnvironment.self, Doctor.self, Sharpen.self, Tokens.self, Study.self,
      Generate.self,
      Keys.self,
    ])
}

extension Cox {
  /// Suggests the nearest verb for a mistyped one. The argument parser does this only for options.
  static func checkVerb(_ given: String?) throws {
    func names(_ commands: [any ParsableCommand.Type]) -> [String] {
      commands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
    }
    guard let given, !given.hasPrefix("-"), !names(configuration.subcommands).contains(given), given != "help" else {
      return
    }
    let verbs = names(configuration.subcommands.filter { $0 != Keys.self })
    let nearest = verbs.max { likeness($0, given) < likeness($1, given) }.flatMap {
      likeness($0, given) >= 0.5 ? $0 : nil
    }
    throw ConfigurationError(
      "There is no verb \(given)\(nearest.map { "; did you mean \($0)?" } ?? ".") The verbs are \(verbs.joined(separator: ", "))."
    )
  }
}

@main
enum Main {
  static func main() async {
    Memory.useFewArenas()
    // A closed pipe (`cox … | head`) must not end the process half-way.
    signal(SIGPIPE, SIG_IGN)
    // A file that reaches its size limit is reported as an error and must not end the process.
    signal(SIGXFSZ, SIG_IGN)
    OpenFiles.raiseLimit()
    do {
      try Cox.checkVerb(CommandLine.arguments.dropFirst().first)
      var command = try Cox.parseAsRoot()
      if let verb = command as? any Verb { Log.start(verb.common.logLevel, verb.common.logFormat) }
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      if let (code, message) = ExitStatus.explain(error) {
        Console.note("cox: \(message)")
        exit(code)
      }
      let code = Cox.exitCode(for: error)
      let message = Cox.fullMessage(for: error)
      if code.isSuccess {
        Console.print(message)
      } else {
        Console.note(message)
      }
      exit(code == .validationFailure ? ExitStatus.badUse : code.rawValue)
    }
  }
}
