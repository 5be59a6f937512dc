import Agents
import Critics
import Foundation
import Orders
import Policies
import RolloutStore
import Steering
import TextCraft

/// What the verbs work with, made from the configuration.
struct Workspace {
  let configuration: Configuration
  let options: CommonOptions
  let suite: any TaskSuite
  let store: RolloutStore

  init(_ options: CommonOptions) throws {
    self.options = options
    configuration = try options.configuration()
    suite = try makeSuite(configuration.environment)
    store = try RolloutStore(path: options.store)
  }

  var pricing: Pricing { configuration.policy.pricing }

  /// Refuses settings that cannot be run, before anything is started.
  func check(_ settings: SteeringSettings, for tasks: [AgentTask]) throws {
    if let problem = settings.effective.problem(stepLimit: tasks.map(\.stepLimit).max() ?? 1) {
      throw ConfigurationError(problem + ".")
    }
  }

  // MARK: - The critic

  /// Where `cox train` puts a critic of this name, and where the others look for it.
  func criticPath(_ name: String) -> String {
    if name.contains("/") || name.hasSuffix(".json") { return name }
    return URL(fileURLWithPath: options.store).deletingLastPathComponent()
      .appendingPathComponent("\(name).critic.json").path
  }

  /// The critic that `--critic` or the configuration names.
  func critic(_ flag: String?) throws -> any Critic {
    let name = flag ?? configuration.critic.kind.rawValue
    if name == CriticSettings.Kind.constant.rawValue { return ConstantCritic() }
    if ["judge", "pooling", "lm"].contains(name) {
      throw ConfigurationError(
        "This version has no critic \(name): give a critic file, a name given to cox train, or constant.")
    }
    let path = criticPath(name)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError(
        "There is no critic \(path). Make one with cox collect and cox train, or give --critic constant.")
    }
    return try TreesCritic(decoding: data, for: suite.identity)
  }

  // MARK: - The policy

  /// Runs `body` with the configured policy, its server started and stopped around it.
  func withPolicy<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T {
    let settings = configuration.policy
    switch settings.kind {
    case .openai:
      let key = try apiKey(settings)
      return try await withHTTPClient(connections: settings.concurrency) { client in
        let policy = ChatCompletionsPolicy(url: settings.url ?? "", key: key, settings: completions, client: client)
        return try await body(SharedPrompts(policy, most: settings.samplesPerCall ?? 1))
      }
    case .local:
      let server = localServer(settings)
      return try await LocalServer.with(server) { server in
        try await withHTTPClient(connections: settings.concurrency) { client in
          let policy = ChatCompletionsPolicy(url: server.url, settings: completions, client: client)
          return try await body(
            SharedPrompts(policy, most: min(settings.samplesPerCall ?? settings.concurrency, server.slots)))
        }
      }
    }
  }

  /// The identity that the configured policy has, without starting anything.
  var policyIdentity: String { ChatCompletionsPolicy(url: "", settings: completions).identity }

  /// What the configuration says of the model, for asking it and for naming it alike.
  private var completions: ChatCompletionsPolicy.Settings {
    let settings = configuration.policy
    let isLocal = settings.kind == .local
    var completions = ChatCompletionsPolicy.Settings(
      model: isLocal ? LocalServer.modelName(settings.model) : settings.model ?? "", api: settings.api ?? .chat,
      format: settings.format, temperature: settings.temperature, topP: settings.topP, maxTokens: settings.maxTokens,
      constraint: isLocal && settings.choices == .auto ? .grammar : settings.choices,
      retry: RetryRule(attempts: settings.attempts), timeout: settings.timeout)
    completions.reportsFirstAnswerOnly = isLocal
    return completions
  }

  private func apiKey(_ settings: PolicySettings) throws -> String? {
    guard let variable = settings.apiKeyVariable else { return nil }
    guard let key = ProcessInfo.processInfo.environment[variable], !key.isEmpty else {
      throw ConfigurationError("The environment variable \(variable), which policy.apiKeyVariable names, is not set.")
    }
    let trimmed = key.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw ConfigurationError("The environment variable \(variable) holds control characters; an API key has none.")
    }
    return trimmed
  }

  private func localServer(_ settings: PolicySettings) -> LocalServer.Settings {
    var server = LocalServer.Settings(
      python: settings.python ?? Toolchain.python, model: settings.model, port: settings.port,
      slots: settings.slots ?? settings.concurrency, context: settings.context)
    if let threads = settings.threads { server.threads = threads }
    return server
  }
}

func makeSuite(_ settings: EnvironmentSettings) throws -> any TaskSuite {
  let splits = try TaskSplits(settings.tasks)
  switch settings.kind {
  case .orders:
    guard settings.fields != nil || settings.listed != nil else {
      return try Orders(seed: settings.seed, splits: splits)
    }
    let fields = settings.fields?.map { OrderForm.Field($0.name, $0.options) } ?? OrderForm.standard.fields
    let form = OrderForm(
      fields: fields, listed: settings.listed ?? OrderForm.standard.listed, workedOrders: 3, seed: settings.seed)
    return try Orders(form: form, seed: settings.seed, splits: splits)
  case .textcraft:
    let directory = try settings.recipes ?? RecipeBook.find(in: [Toolchain.virtualEnvironment ?? ".venv"])
    let book = try RecipeBook(directory: directory)
    return try TextCraft(
      recipes: book, reward: settings.reward ?? .goal, depths: settings.depths ?? 1...4,
      stepLimit: settings.maxSteps ?? 40, seed: settings.seed, splits: splits)
  }
}
