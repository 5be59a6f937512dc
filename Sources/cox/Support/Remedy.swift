import Agents
import RolloutStore
import Steering

/// Advice in terms of the command line. Libraries describe errors and remedies; this adds the names of verbs and
/// options.
enum Remedy {
  /// A sentence on the verb or option that helps against an error; nil if the error's message is enough.
  static func words(for error: any Error) -> String? {
    switch error {
    case let error as StoreError:
      switch error.kind {
      case .busy, .wrongVersion, .readOnly, .unopenable, .damaged: return "Give another path with --store."
      case .full, .vanished, .conflict, .failed: return nil
      }
    case let error as CriticError:
      switch error.kind {
      case .unreadable, .wrongEnvironment: return "Make a critic with cox train, or name another one with --critic."
      case .tooLittleData where !error.message.contains("cox collect"):
        return "Make rollouts with cox collect --rollouts 8."
      case .limitReached: return limit(error.message)
      default: return nil
      }
    case let error as PolicyError:
      switch error.kind {
      case .notRecorded: return "Make a recording with cox export --cassette FILE."
      case .limitReached: return limit(error.message)
      default: return nil
      }
    case let error as SteeringError:
      switch error.kind {
      case .limitReached: return limit(error.message)
      case .store: return error.underlying.flatMap(words)
      default: return nil
      }
    default: return nil
    }
  }

  /// The command-line option for a limit that a message names by its key.
  private static func limit(_ message: String) -> String? {
    ["calls", "tokens", "cost", "seconds"].first { message.contains("limits.\($0)") }.map {
      "The option is --limit-\($0)."
    }
  }
}
