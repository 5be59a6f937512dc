import Agents
import Critics
import Foundation
import Orders
import Policies
import ProcessWorld
import RolloutStore
import Shop
import Steering
import TextCraft

/// What the verbs work with, made from the configuration.
struct Workspace {
  let configuration: Configuration
  let options: CommonOptions
  let suite: any TaskSuite
  let store: RolloutStore
  let source: PolicySource

  init(_ options: CommonOptions) async throws {
    self.options = options
    configuration = try options.configuration()
    suite = try await makeSuite(configuration.environment)
    source = try await PolicySource(configuration.policy)
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
}

func makeSuite(_ settings: EnvironmentSettings) async throws -> any TaskSuite {
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
  case .shop: return try makeShop(settings, splits)
  case .process:
    return try await ProgramWorld(
      ProgramWorld.Settings(
        command: settings.command, folder: settings.folder, processes: settings.processes, timeout: settings.timeout,
        stepLimit: settings.maxSteps), splits: splits)
  case .textcraft:
    let directory = try settings.recipes ?? RecipeBook.find(in: [Toolchain.virtualEnvironment ?? ".venv"])
    let book = try RecipeBook(directory: directory)
    return try TextCraft(
      recipes: book, reward: settings.reward ?? .goal, depths: settings.depths ?? 1...4,
      stepLimit: settings.maxSteps ?? 40, seed: settings.seed, splits: splits)
  }
}

/// WebShop's own products and goals where the configuration names their folder, a generated catalogue elsewhere.
private func makeShop(_ settings: EnvironmentSettings, _ splits: TaskSplits) throws -> Shop {
  let catalogue: Catalogue
  if let folder = settings.files {
    var files = try ShopFiles(directory: folder, goals: settings.goals, limit: settings.limit)
    files.database = settings.database
    let progress = Progress.Reading("reading \(folder)")
    catalogue = try Catalogue.files(files) { progress.read($0.bytesRead, of: $0.bytes) }
  } else {
    catalogue = try Catalogue.generated(products: settings.products, seed: settings.seed)
  }
  let prompt: ShopPrompt =
    switch settings.prompt {
    case nil, "react": .react
    case "reflact": .reflact
    case let path?: .file(path)
    }
  return try Shop(
    catalogue: catalogue,
    rules: ShopRules(stepLimit: settings.maxSteps ?? 15, forcesPurchase: settings.forcedPurchase), prompt: prompt,
    historyLimit: settings.history, splits: splits)
}
