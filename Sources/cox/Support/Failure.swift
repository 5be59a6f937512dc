import Agents
import ArgumentParser
import Foundation
import ModelFiles
import OpenWeights
import RolloutStore
import Steering
import Tensors
import Workbench

/// The documented exit codes.
enum ExitStatus {
  static let done: Int32 = 0
  static let failed: Int32 = 1
  static let badUse: Int32 = 2
  static let limitReached: Int32 = 3

  /// The exit code and message for an error; nil if the argument parser has both.
  static func explain(_ error: any Error) -> (code: Int32, message: String)? {
    guard let (code, message) = meaning(error) else { return nil }
    return (code, message + (Remedy.words(for: error).map { " \($0)" } ?? ""))
  }

  private static func meaning(_ error: any Error) -> (code: Int32, message: String)? {
    switch error {
    case let error as ConfigurationError: return (badUse, error.message)
    case let error as ExportError: return (failed, error.message)
    case let error as SteeringError:
      switch error.kind {
      case .limitReached: return (limitReached, error.message)
      case .badSettings: return (badUse, error.message)
      default: return (failed, error.message)
      }
    case let error as WorldError:
      let isUse = error.kind == .misconfigured || error.kind == .unknownTask
      return (isUse ? badUse : failed, error.message)
    case let error as CriticError:
      switch error.kind {
      case .limitReached: return (limitReached, error.message)
      case .wrongEnvironment, .unreadable: return (badUse, error.message)
      default: return (failed, error.message)
      }
    case let error as StoreError: return (error.kind == .wrongVersion ? badUse : failed, error.message)
    case let error as PolicyError:
      switch error.kind {
      case .limitReached: return (limitReached, error.message)
      // This error occurs only if a recording cannot be opened.
      case .notRecorded: return (badUse, error.message)
      default: return (failed, error.message)
      }
    default: return explainOfModels(error)
    }
  }

  /// Explains errors of models in process and of their files.
  private static func explainOfModels(_ error: any Error) -> (code: Int32, message: String)? {
    if let error = error as? ModelFileError { return (badUse, error.description) }
    if let error = error as? ModelError { return (error.isStopped ? failed : badUse, error.description) }
    if let error = error as? TensorError { return (failed, error.description) }
    return nil
  }
}
