import Agents
import Critics
import Foundation
import HTTP
import Policies

/// What guides: trees trained here, a model that is asked, or nothing.
package struct CriticSettings {
  package enum Kind: String, CaseIterable { case trees, judge, pooling, lm, constant }

  package var kind = Kind.trees
  /// Of `judge`.
  package var judge: JudgeSettings?
  /// Of `pooling`.
  package var pooling: PoolingSettings?
  /// Of `lm`: a GGUF file or a Hugging Face folder; nil for the policy's own model, or the bundled one.
  package var model: String?
  /// Of `lm`: threads that compute.
  package var threads: Int?
}

/// A language model as critic: the keys of a policy, and how its answers become values.
package struct JudgeSettings {
  /// What a judge may be asked through.
  package enum PolicyKind: String, CaseIterable {
    case openai, anthropic, local

    package var kind: PolicySettings.Kind {
      switch self {
      case .openai: .openai
      case .anthropic: .anthropic
      case .local: .local
      }
    }
  }

  package var policy: PolicySettings
  package var samples = 1
  /// The text of the file that says what the judge is told.
  package var instructions: String?
  /// The final rewards that its lowest and its highest score stand for; nil for 0 and the world's maximal reward.
  package var rewards: ClosedRange<Double>?
}

/// A served reward model as critic.
package struct PoolingSettings {
  package var server: ServerSettings
  package var critic: PoolingCritic.Settings
}

extension CriticSettings {
  /// What it needs of this machine. It reads with the policy's own model where that is in this process, too.
  package func needs(besides policy: PolicySettings) -> Set<Need> {
    guard kind == .lm else { return [] }
    return model == nil && policy.kind != .mlx ? [.modelsInProcess, .bundledModel] : [.modelsInProcess]
  }

  package init(_ yaml: inout YAMLMapping) throws {
    kind = try yaml.choice("kind", Kind.self) ?? kind
    switch kind {
    case .judge: judge = try JudgeSettings(&yaml)
    case .pooling: pooling = try PoolingSettings(&yaml)
    case .lm:
      model = try yaml.text("model")
      threads = try yaml.count("threads", most: Bounds.threads)
    case .trees, .constant: break
    }
  }
}

extension JudgeSettings {
  package init(_ yaml: inout YAMLMapping) throws {
    let kind = try yaml.choice("policyKind", PolicyKind.self) ?? .openai
    policy = PolicySettings(kind: kind.kind)
    policy.section = "critic"
    policy.temperature = 0
    policy.maxTokens = 512
    samples = try yaml.count("samples", most: 1_000) ?? samples
    rewards = try yaml.mapping("scale", Self.scale)
    if let path = try yaml.text("instructions") { instructions = try Self.text(of: path) }
    try policy.read(&yaml)
    if samples > 1, policy.temperature == 0 {
      throw ConfigurationError(
        "critic.samples is \(samples) at critic.temperature 0, where all answers are the same: raise the one or leave out the other."
      )
    }
  }

  private static func scale(_ yaml: inout YAMLMapping) throws -> ClosedRange<Double> {
    let (from, to) = (try yaml.number("from") ?? 0, try yaml.number("to"))
    guard let to else {
      throw ConfigurationError.missing("critic.scale.to", "the reward that the highest score means.")
    }
    guard from < to, from.isFinite, to.isFinite else {
      throw ConfigurationError("critic.scale goes from \(from) to \(to); write the lower reward first.")
    }
    return from...to
  }

  private static func text(of path: String) throws -> String {
    guard let text = try TextFile.text(path) else {
      throw ConfigurationError("critic.instructions: there is no readable text file \(path).")
    }
    guard !text.allSatisfy(\.isWhitespace) else {
      throw ConfigurationError("critic.instructions: \(path) says nothing.")
    }
    return text
  }
}

extension PoolingSettings {
  package init(_ yaml: inout YAMLMapping) throws {
    // The keys that a policy has too are read, and checked, as a policy's are.
    var server = PolicySettings(kind: .openai)
    server.section = "critic"
    server.concurrency = 4
    try server.readServer(&yaml)
    server.model = try yaml.text("model")
    try server.readRules(&yaml)
    guard server.url != nil else {
      throw ConfigurationError.missing(
        "critic.url", "the base URL that /pooling follows, such as \"https://rewards.example.com\".")
    }
    try server.check()
    self.server = server.server
    critic = PoolingCritic.Settings(model: server.model ?? "", rules: server.rules)
    critic.batch = try yaml.count("batch", most: Bounds.concurrency) ?? critic.batch
    critic.scale = try yaml.number("scale") ?? critic.scale
    critic.offset = try yaml.number("offset") ?? critic.offset
    guard critic.scale.isFinite, critic.scale != 0, critic.offset.isFinite else {
      throw ConfigurationError(
        "critic.scale is \(critic.scale) and critic.offset \(critic.offset); numbers, and the scale not 0.")
    }
  }
}
