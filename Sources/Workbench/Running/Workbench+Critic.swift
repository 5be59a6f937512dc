import Agents
import Critics
import Foundation
import HTTP
import Policies
import RolloutStore
import Steering
import Synchronization

/// The cost of a paid critic so far.
package final class CriticCost: Sendable {
  private let sum = Mutex(0.0)

  package var current: Double { sum.withLock(\.self) }

  package func add(_ cost: Double) { sum.withLock { $0 += cost } }
}

extension Workbench {
  /// The path of a critic with this name. `cox train` writes it, and other commands read it.
  package func criticPath(_ name: String) -> String { Self.criticPath(name, store: options.store) }

  package static func criticPath(_ name: String, store: String) -> String {
    if name.contains("/") || name.hasSuffix(".json") { return name }
    return beside(store: store, "\(name).critic.json")
  }

  /// The critic's name, from a flag or the configuration.
  package func criticName(_ flag: String?) -> String { flag ?? configuration.critic.kind.name }

  /// The critic of a method. Some methods have their own.
  package func critic(of method: Steering.Method, flag: String?) throws -> String? {
    guard case .own(let own) = method.guide else { return flag }
    guard flag == nil || flag == own else {
      throw ConfigurationError(
        "The method \(method.rawValue) has its own critic, but --critic names \(flag ?? ""): leave --critic out.")
    }
    return own
  }

  /// The folder of a language-model critic. `cox train` writes it.
  package func readerPath(_ name: String) -> String {
    if name.contains("/") { return name }
    return besideStore("\(name).critic")
  }

  /// The kind of critic, from a flag or the configuration, with its settings.
  private func criticKind(_ flag: String?) throws -> any CriticKind {
    let name = criticName(flag)
    if name == configuration.critic.kind.name { return configuration.critic.own }
    let kind = criticKinds.first { $0.name == name } ?? criticKinds.first { $0.isTrained(name, in: self) }
    let chosen = kind ?? TreesKind.self
    // The same kind under another name has the configured settings.
    return try chosen == configuration.critic.kind ? configuration.critic.own : chosen.init()
  }

  /// Whether the critic's values come from a server, which may cost money.
  package func isAsked(_ flag: String?) -> Bool {
    let name = criticName(flag)
    return criticKinds.first { $0.name == name }?.isAsked ?? false
  }

  /// The critic, from a flag or the configuration, if it opens without starting a server or loading a model.
  package func critic(_ flag: String?) throws -> any Critic {
    try criticKind(flag).immediate(criticName(flag), in: self)
  }

  /// Trees that were trained in a world, by name or file.
  package static func trees(_ name: String, store: String, for environment: WorldIdentity) throws -> TreesCritic {
    let path = criticPath(name, store: store)
    guard let data = try TextFile.data(path) else {
      throw ConfigurationError(
        "There is no critic \(path). Make one with cox collect and cox train, or give --critic constant.")
    }
    return try TreesCritic(decoding: data, for: environment)
  }

  /// Runs `body` with the critic. Its server, if it has one, is started before and stopped after. Its answers are
  /// stored and count towards the limits at its own prices.
  ///
  /// - Parameter isNeeded: if false, no critic is opened unless a flag names one, so that best-of-N works before any
  ///   training.
  package func withCritic<T: Sendable>(
    _ flag: String?, isNeeded: Bool = true, _ body: ((any Critic)?) async throws -> T
  ) async throws -> T {
    guard isNeeded || flag != nil else { return try await body(nil) }
    return try await criticKind(flag).with(criticName(flag), in: self) { try await body($0) }
  }
}
