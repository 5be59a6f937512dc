import Agents
import Foundation
import ModelFiles
import Tensors

extension LMCritic {
  private static let recordName = "critic.json"
  private static let headName = "head.safetensors"

  /// Writes the critic as a folder: an adapter in PEFT's format, the head, and the training record.
  @TensorActor
  package func write(to path: String) throws {
    try AdapterFolder(path).write(parameters.adapter, base: record.base)
    try SafetensorsFile.write(
      [
        ("score.weight", parameters.head.shape, try parameters.head.values()),
        ("score.bias", parameters.bias.shape, try parameters.bias.values()),
      ], metadata: [:], to: "\(path)/\(Self.headName)")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(record).write(to: URL(fileURLWithPath: "\(path)/\(Self.recordName)"), options: .atomic)
  }

  /// Reads a critic for a world.
  ///
  /// - Throws: `CriticError` if the folder holds no critic, or one of another world or model.
  @TensorActor
  package static func read(
    _ path: String, base: LoadedModel, environment: WorldIdentity
  ) throws -> LMCritic {
    guard let data = FileManager.default.contents(atPath: "\(path)/\(recordName)") else {
      throw CriticError(.unreadable, "There is no critic in \(path). Train one with cox train --critic lm.")
    }
    guard let record = try? JSONDecoder().decode(Record.self, from: data), record.version == Record.version,
      !record.returns.isEmpty, record.returns.allSatisfy(\.isFinite), record.context > 0
    else { throw CriticError(.unreadable, "The critic in \(path) cannot be read. Train it again.") }
    guard record.environment == environment else {
      throw CriticError(
        .wrongEnvironment, "The critic in \(path) was trained on \(record.environment), not on \(environment).")
    }
    guard record.base == base.name else {
      throw CriticError(
        .unreadable, "The critic in \(path) was trained on the model \(record.base), not \(base.name).")
    }
    let file = try SafetensorsFile(contentsOf: "\(path)/\(headName)")
    let classes = record.returns.count
    let shape = [classes, base.files.configuration.hiddenSize]
    guard file.shape(of: "score.weight") == shape, file.shape(of: "score.bias") == [classes] else {
      throw CriticError(.unreadable, "The head of the critic in \(path) does not fit the model. Train it again.")
    }
    let parameters = Parameters(
      adapter: try AdapterFolder(path).read(for: base.files.configuration),
      head: try Tensor(file.floats(of: "score.weight"), shape: shape),
      bias: try Tensor(file.floats(of: "score.bias"), shape: [classes]))
    return LMCritic(record: record, model: base.model, tokenizer: base.files.tokenizer, parameters: parameters)
  }
}
