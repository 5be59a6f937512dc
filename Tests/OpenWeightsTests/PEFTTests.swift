import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Adapters written by PyPI's `peft` (make_adapters.py), compared with the logits that PEFT computes. The model has
/// `attention_bias: true`.
@Suite(.modelsInProcess) struct PEFTTests {
  struct Expected: Decodable {
    let text: [Int32]
    let base: [Float]
    let adapters: [String: [Float]]
    /// Whether the model's own weights were unchanged after PEFT had initialised the adapter.
    let keepsBase: [String: Bool]
  }

  static let folder = Places.root.appendingPathComponent("Tests/OpenWeightsTests/Adapters")
  static let expected = Result {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
  }

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  @TensorActor @Test func theModelWithBiasesEverywhereIsRead() throws {
    let loaded = try LoadedModel.open(Self.path("base"))
    #expect(loaded.files.configuration.attentionBias && loaded.files.configuration.outputBias)
    let expected = try Self.expected.get()
    expectClose(try loaded.logits(expected.text).flatMap { $0 }, expected.base, 1e-4)
  }

  @TensorActor
  @Test(arguments: [
    "patterns", "layers", "one-layer", "all", "excluded", "eva", "orthogonal", "pissa-converted", "olora-converted",
  ])
  func logitsArePEFTs(name: String) throws {
    let loaded = try LoadedModel.open(Self.path("base"), adapter: Self.path(name))
    let adapter = try #require(loaded.adapter)
    let expected = try Self.expected.get()
    let logits = try #require(expected.adapters[name])
    expectClose(try loaded.logits(expected.text, adapter: adapter).flatMap { $0 }, logits, 2e-4, name)
    #expect(zip(logits, expected.base).contains { abs($0 - $1) > 0.05 })
    // The adapter survives writing and reading.
    try Places.withFolder { copy in
      try AdapterFolder(copy.path).write(adapter, base: Self.path("base"))
      let back = try AdapterFolder(copy.path).read(for: loaded.files.configuration)
      #expect(try back.places == adapter.places && back.identity() == adapter.identity())
    }
  }

  /// The table of methods that keep the base model agrees with PEFT's behaviour.
  @Test func whatIsTakenKeptTheModel() throws {
    for (name, keeps) in try Self.expected.get().keepsBase {
      let data = try Data(contentsOf: Self.folder.appendingPathComponent("\(name)/adapter_config.json"))
      let peft = try JSONDecoder().decode(PEFTConfiguration.self, from: data)
      #expect((peft.init_lora_weights?.changing == nil) == keeps, "\(name)")
    }
  }

  @TensorActor @Test(arguments: ["pissa", "olora"]) func whatChangedTheModelIsRefused(name: String) throws {
    let error = #expect(throws: ModelError.self) { try LoadedModel.open(Self.path("base"), adapter: Self.path(name)) }
    #expect(error?.description.contains("init_lora_weights \"\(name)\"") == true)
  }
}

extension Places {
  /// Runs `body` with a new folder, which is deleted afterwards.
  @TensorActor fileprivate static func withFolder(_ body: @TensorActor (URL) throws -> Void) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }
}
