import Agents
import Foundation
import RolloutStore

extension Workbench {
  /// Stores trajectories that were made elsewhere as rollouts of this world. Each file is stored whole or not at all.
  ///
  /// - Throws: ``ConfigurationError`` with the file and the place of the first record that cannot be read.
  package func `import`(_ request: ImportRequest) async throws -> ImportReport {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-import-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    var report = ImportReport(store: options.store, policy: policyIdentity, world: world.identity)
    for path in request.files {
      let copy = try await EvalArchive.readable(path, scratch: scratch.path)
      let importer = Importer(request, try importTarget())
      let before = report
      report = try await store.importing { [observer] store in
        var report = before
        let file = try RecordFile(path, format: request.format, archive: copy)
        let name = URL(fileURLWithPath: path).lastPathComponent
        let progress = observer.begin("import \(name)", steps: 100, unit: "%")
        defer { progress.end() }
        try importer.add(file, to: store, &report) { progress.update($0, "") }
        return report
      }
    }
    return report
  }

  private func importTarget() throws -> Importer.Target {
    var splits: [TaskID: Split] = [:]
    for split in Split.allCases {
      for task in try world.tasks(in: split) { splits[task.id] = split }
    }
    return Importer.Target(
      world: world.identity, policy: policyIdentity, format: configuration.policy.format,
      maximalReward: world.maximalReward
    ) { [world, splits] id in
      let task = try? world.task(id)
      return AttemptReader.Known(
        request: task?.request ?? "", stepLimit: task?.stepLimit, split: splits[id],
        tools: task.flatMap { world.tools(for: $0) })
    }
  }
}
