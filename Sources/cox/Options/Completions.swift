import ArgumentParser
import Foundation
import Steering
import Workbench

extension CompletionKind {
  /// The kinds of critic. Names and files of critics are not completed.
  static var critics: CompletionKind { .list(criticKinds.map { $0.name }) }

  /// The critics that `cox train` can fit.
  static var trainedCritics: CompletionKind { .list([TreesKind.name, LMKind.name]) }

  /// The methods.
  static var methods: CompletionKind { .list(Method.allCases.map(\.rawValue)) }

  static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }
}

extension ArgumentHelp {
  /// Help for `--critic`.
  static var critic: ArgumentHelp {
    let kinds = criticKinds.map { $0.name }.filter { $0 != TreesKind.name }.listed("or")
    return ArgumentHelp(
      "The critic: a file, a name given to cox train, \(kinds) (critic.kind).", valueName: "critic")
  }
}

extension Steering.Method {
  /// "single, best-of, amc, judge or beam".
  static var listed: String { allCases.map(\.rawValue).listed("or") }

  /// All methods with their summaries, one per line.
  static var summaries: String {
    let width = allCases.map(\.rawValue.count).max() ?? 0
    return allCases.map { method in
      "  " + method.rawValue.padding(toLength: width + 2, withPad: " ", startingAt: 0) + method.summary + "."
    }.joined(separator: "\n")
  }
}
