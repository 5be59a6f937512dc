import Agents
import RolloutStore

/// Why a run ended early.
public struct SteeringError: Error, Sendable, CustomStringConvertible {
  /// What ended the run.
  public enum Kind: String, Sendable {
    /// A limit of calls, money or time was reached.
    case limitReached
    /// The user stopped the run.
    case interrupted
    /// The part whose error ended the run. The message is that part's.
    case policy, environment, critic, store
    /// Attempts failed, all of them or so many that there is no result to speak of.
    case attemptsFailed
    /// The settings cannot be run.
    case badSettings
  }

  /// What ended the run; decides the exit status of `cox`.
  public let kind: Kind
  /// What was tried, with what, and what to do next.
  public let message: String
  /// The error of the part that ended the run; nil if the run itself did.
  public let underlying: (any Error)?

  /// An error of the run with its message for the user.
  public init(_ kind: Kind, _ message: String, underlying: (any Error)? = nil) {
    self.kind = kind
    self.message = message
    self.underlying = underlying
  }

  init(_ error: any Error) {
    switch error {
    case let error as SteeringError: self = error
    case let error as PolicyError:
      let kind: Kind =
        switch error.kind {
        case .limitReached: .limitReached
        case .cancelled: .interrupted
        case .storeFailed: .store
        default: .policy
        }
      self.init(kind, error.message, underlying: error)
    case let error as WorldError:
      self.init(error.kind == .cancelled ? .interrupted : .environment, error.message, underlying: error)
    case let error as CriticError:
      let kind: Kind =
        switch error.kind {
        case .limitReached: .limitReached
        case .cancelled: .interrupted
        case .storeFailed: .store
        default: .critic
        }
      self.init(kind, error.message, underlying: error)
    case let error as StoreError: self.init(.store, error.message, underlying: error)
    case is CancellationError: self.init(.interrupted, "The run was stopped.", underlying: error)
    default: self.init(.environment, String(describing: error), underlying: error)
    }
  }

  public var description: String { message }
}
