import Agents
import Foundation
import OpenWeights
import Steering
import Tensors

/// The training to run and the files to write.
package struct SharpenRequest: Sendable {
  package var method: Sharpening.Method
  package var settings: Sharpening.Settings
  /// A folder, or a name beside the store; nil for the method's name.
  package var adapter: String?
  /// The identity of the policy whose stored rollouts are used; nil for the configured policy.
  package var from: String?
  /// Only reports the training data.
  package var isDryRun = false
  /// The folder for the model with the adapter merged into it.
  package var merge: String?
  /// The folder for the model itself, as the adapter's base.
  package var base: String?

  package init(_ method: Sharpening.Method, settings: Sharpening.Settings) {
    self.method = method
    self.settings = settings
  }
}

extension Workbench {
  /// Trains a low-rank adapter of the configured model on stored rollouts or on new attempts.
  package func sharpen(_ request: SharpenRequest) async throws -> SharpenReport {
    let policy = try openPolicy(for: "sharpen")
    if request.method != .imitate { try checkSampling(for: "sharpen") }
    for (option, folder) in [("merge", request.merge), ("base", request.base)] {
      if let folder, !((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty {
        throw ConfigurationError(
          "--\(option) writes a whole model into an empty folder, and \(folder) has files in it: give another folder."
        )
      }
    }
    return try await observer.resumable(budget) {
      let sharpening = Sharpening(workbench: self, policy: policy, settings: request.settings, from: request.from)
      let path = adapterPath(request.adapter ?? request.method.rawValue)
      let report = try await sharpening.run(request.method, path: path, isDryRun: request.isDryRun)
      guard !request.isDryRun else { return report }
      if let merge = request.merge { try await Self.write(AdapterFolder(path), into: policy.load(), to: merge) }
      if let base = request.base {
        try await Self.write(base: policy.load(adapter: false), of: AdapterFolder(path), to: base)
      }
      return report
    }
  }

  @TensorActor
  private static func write(_ folder: AdapterFolder, into base: LoadedModel, to path: String) throws {
    try MergedModel.write(base, adapter: try folder.read(for: base.files.configuration), to: path)
  }

  @TensorActor
  private static func write(base: LoadedModel, of folder: AdapterFolder, to path: String) throws {
    try MergedModel.write(base, to: path)
    try folder.write(
      try folder.read(for: base.files.configuration), base: URL(fileURLWithPath: path).standardizedFileURL.path)
  }
}
