// Runs the snippets of the documentation. `Scripts/snippets.py --check` compares them with the documentation.

import Coxswain
import Foundation

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("snippets-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
let path = folder.appendingPathComponent("rollouts.sqlite").path

try await steerYourOwnWorld()
try await resume(at: folder.appendingPathComponent("steering.sqlite").path)
try await resume(at: folder.appendingPathComponent("steering.sqlite").path)
try await compareCritics()
try await trainAndPlan(store: path)
try await trainCritic(in: RolloutStore(path: path), to: folder.appendingPathComponent("critic.json"))
print(judge(dice).identity)
try await closures()
try await laws()
