import Agents
import Critics
import ParticleFilter
import RolloutStore
import Steering

extension Workbench {
  /// The steps of stored runs whose states were chosen by a critic, on tasks of the train split. Each draw of the
  /// policy counts once: survivors are not preferred, and repeated draws are kept. Populations that do not store all of
  /// their attempts are left out.
  func steeredSteps() async throws -> [SteeredStep] {
    let tasks = Set(try world.tasks(in: .train).map(\.id))
    var steps: [SteeredStep] = []
    for run in try await store.runs().map(\.record)
    where run.environment == world.identity && run.policy == policyIdentity && !run.isPrior {
      for task in try await store.tasks(ofRun: run.id).map(\.id) where tasks.contains(task) {
        let records = try await store.trajectories(run: run.id, task: task, culled: true)
        if let tree = try await store.tree(run: run.id, task: task) {
          steps += Self.steps(of: tree, records)
        } else {
          steps += Self.steps(of: Ancestry(try await store.genealogy(run: run.id, task: task)), records)
        }
      }
    }
    return steps
  }

  /// The steps of a population: of each line those that it took after it was copied.
  private static func steps(of ancestry: Ancestry, _ records: [TrajectoryRecord]) -> [SteeredStep] {
    struct Place: Hashable {
      let line: Int
      let step: Int
    }
    // Of the finished attempts that were culled at one place only the best is stored. Without the others the steps would be
    // a selection by reward.
    guard ancestry.culls.count == records.count(where: { $0.standing != .final }) else { return [] }
    var known: Set<Place> = []
    var steps: [SteeredStep] = []
    for record in records where record.failure == nil {
      var next = ancestry.line(of: record)
      var end = record.trajectory.count
      while let line = next {
        let birth = min(ancestry.birth(of: line), end)
        for step in birth..<end where known.insert(Place(line: line, step: step)).inserted {
          steps.append(record.trajectory.step(step))
        }
        (next, end) = (ancestry.lines[line].parent, birth)
      }
    }
    return steps
  }

  /// The steps of a search: one for each choice that was answered.
  private static func steps(of tree: SearchTree, _ records: [TrajectoryRecord]) -> [SteeredStep] {
    guard let ends = tree.ends(of: records) else { return [] }
    var trajectories: [Int: Trajectory] = [:]
    for (node, record) in ends {
      var place: Int? = node
      while let node = place, trajectories[node] == nil {
        trajectories[node] = record.trajectory.prefix(tree.nodes[node].step)
        place = tree.nodes[node].parent
      }
    }
    return tree.choices.compactMap { choice in
      guard let child = choice.child, let from = trajectories[choice.state], let to = trajectories[child],
        to.count == from.count + 1
      else { return nil }
      return SteeredStep(from: from, to: to)
    }
  }
}

extension Trajectory {
  fileprivate func step(_ number: Int) -> SteeredStep {
    SteeredStep(from: prefix(number), to: prefix(number + 1))
  }
}
