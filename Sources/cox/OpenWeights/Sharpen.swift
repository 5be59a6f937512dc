#if OpenWeights
  import ArgumentParser
  import Foundation
  import OpenWeights
  import Tensors

  struct Sharpen: Verb {
    static let configuration = CommandConfiguration(
      abstract: "Train a low-rank adapter of an open model on rollouts.",
      discussion: """
        reasonmaxxer learns from the stored rollouts of the train split, at the few tokens where the model was undecided, and \
        is held to the model everywhere else. grpo makes attempts of its own, round by round. imitate learns to say what \
        successful rollouts say (--from expert after cox collect --expert).

        The policy is kind mlx. The adapter that does best on tasks of the validation split is written in PEFT's format; \
        use it with policy.adapter. Running the same command again goes on where it stopped.
        """)

    @OptionGroup var common: CommonOptions

    @Option(help: "How to learn: reasonmaxxer, grpo or imitate.")
    var method = Sharpening.Method.reasonmaxxer

    @Option(
      help: ArgumentHelp(
        "The folder to write, or a name beside the store; the method's name unless given.", valueName: "folder"))
    var adapter: String?

    @Option(
      help: ArgumentHelp(
        "Whose stored rollouts to learn from, by the policy's identity; the configured policy's own unless given.",
        valueName: "policy"))
    var from: String?

    @Flag(help: "Only say how many problems, tokens and decisions there are.")
    var dryRun = false

    @OptionGroup(title: "What is learned") var learning: LearningOptions
    @OptionGroup(title: "GRPO") var rounds: RoundOptions
    @OptionGroup(title: "The adapter and the optimiser") var training: TrainingOptions

    @Option(help: ArgumentHelp("Attempts at each held-out task.", valueName: "count"))
    var attempts = 4

    @Option(
      help: ArgumentHelp("Also write the model with the adapter merged into it, to this folder.", valueName: "folder"))
    var merge: String?

    @Option(
      help: ArgumentHelp(
        "Also write the model itself to this folder, and name it as the adapter's base: PEFT and converters read no GGUF files.",
        valueName: "folder"))
    var base: String?

    func validate() throws {
      if attempts < 1 { throw ValidationError("--attempts is at least 1.") }
      // An option that would be ignored looks as if it had worked.
      let others: [String] =
        switch method {
        case .reasonmaxxer: rounds.given
        case .imitate: learning.given + rounds.given
        case .grpo:
          learning.given + (from == nil ? [] : ["from"]) + (learning.batch == nil ? [] : ["batch"])
        }
      if let other = others.first {
        throw ValidationError("--\(other) is of another method, and \(method.rawValue) does not heed it.")
      }
    }

    func run() async throws {
      let workbench = try await Workbench(common)
      let policy = try workbench.openPolicy(for: "sharpen")
      if method != .imitate { try workbench.checkSampling(for: "sharpen") }
      for (option, folder) in [("merge", merge), ("base", base)] {
        if let folder, !((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty {
          throw ConfigurationError(
            "--\(option) writes a model of its own, and \(folder) has files in it: give another folder.")
        }
      }
      let report = try await stoppingInOrder(workbench.budget) { [self] in
        try await workbench.suite.closing { try await trained(workbench, policy) }
      }
      if let json = common.json { try Console.write(json: report, to: json) }
      if common.json != "-" { Console.print(report.text) }
    }

    private func trained(_ workbench: Workbench, _ policy: OpenPolicy) async throws -> SharpenReport {
      let sharpening = Sharpening(
        workbench: workbench, policy: policy, settings: try settings(workbench.configuration), from: from)
      let path = workbench.adapterPath(adapter ?? method.rawValue)
      let report = try await sharpening.run(method, path: path, isDryRun: dryRun)
      if let merge, !dryRun { try await write(merged: AdapterFolder(path), base: policy.load(), to: merge) }
      if let base, !dryRun { try await write(base: policy.load(adapter: false), of: AdapterFolder(path), to: base) }
      return report
    }

    private func settings(_ configuration: Configuration) throws -> Sharpening.Settings {
      Sharpening.Settings(
        reasonMaxxer: learning.method, thresholds: learning.thresholds, imitation: learning.imitation,
        grpo: rounds.method(steps: learning.steps),
        training: try training.settings(
          attempts: attempts, seed: configuration.steering.seed, base: configuration.policy.adapter),
        heldOut: training.heldOut)
    }

    @TensorActor
    private func write(merged folder: AdapterFolder, base: LoadedModel, to path: String) throws {
      try MergedModel.write(base, adapter: try folder.read(for: base.files.configuration), to: path)
    }

    @TensorActor
    private func write(base: LoadedModel, of folder: AdapterFolder, to path: String) throws {
      try MergedModel.write(base, to: path)
      try folder.write(
        try folder.read(for: base.files.configuration), base: URL(fileURLWithPath: path).standardizedFileURL.path)
    }
  }

  extension Sharpening.Method: ExpressibleByArgument {}
#endif
