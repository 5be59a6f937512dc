import Agents
import RolloutStore
import Steering

/// What to type. Libraries say what is wrong and what would help; the command names its own verbs and options.
enum Remedy {
  /// Which verb or option helps against an error, as a sentence; nil where its message says all.
  static func words(for error: any Error) -> String? {
    switch error {
    case let error as StoreError:
      switch error.kind {
      case .busy, .wrongVersion, .readOnly, .unopenable, .damaged: return "--store names another path."
      case .full, .vanished, .failed: return nil
      }
    case let error as CriticError:
      switch error.kind {
      case .unreadable, .wrongEnvironment: return "cox train makes one, and --critic names another."
      case .tooLittleData where !error.message.contains("cox collect"):
        return "cox collect --rollouts 8 makes them."
      case .limitReached: return limit(error.message)
      default: return nil
      }
    case let error as PolicyError:
      switch error.kind {
      case .notRecorded: return "cox export --cassette FILE makes a recording."
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

  /// The option of the limit that a message names by its key.
  private static func limit(_ message: String) -> String? {
    ["calls", "tokens", "cost", "seconds"].first { message.contains("limits.\($0)") }.map {
      "The option is --limit-\($0)."
    }
  }
}
