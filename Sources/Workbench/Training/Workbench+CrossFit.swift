import Agents
import Critics
import Foundation
import RolloutStore
import Steering

/// Predictions for stored rollouts by trees that never saw their tasks: one cross-fit for `diagnose`, `plan` and
/// `report`, kept in a file beside the store.
struct StoredCrossFit: Codable {
  /// Of everything that decides the fits.
  let digest: String
  /// The returns of the bins, in reward units.
  let returns: [Double]
  /// For each judged rollout, by its digest, the index in ``masses`` of the distribution after each of its steps, as
  /// little-endian UInt32.
  private let rollouts: [String: Data]
  /// The distinct distributions, one after the other, as little-endian bits of Float64.
  private let masses: Data

  /// Raised whenever the same rollouts would give other predictions.
  static let version = 1

  init(digest: String, rollouts: [Trajectory], beliefs: [[ReturnDistribution]]) {
    self.digest = digest
    returns = beliefs.lazy.flatMap(\.self).first?.returns ?? []
    var known: [[Double]: UInt32] = [:]
    var places: [String: Data] = [:]
    var masses: [UInt64] = []
    for (rollout, beliefs) in zip(rollouts, beliefs) {
      let own = beliefs.map { belief -> UInt32 in
        if let place = known[belief.probabilities] { return place.littleEndian }
        let place = UInt32(known.count)
        known[belief.probabilities] = place
        masses.append(contentsOf: belief.probabilities.map(\.bitPattern.littleEndian))
        return place.littleEndian
      }
      // Equal rollouts have equal states, and so equal predictions.
      places[rollout.digest] = own.withUnsafeBytes { Data($0) }
    }
    self.rollouts = places
    self.masses = masses.withUnsafeBytes { Data($0) }
  }

  /// The predictions, one array for each rollout; nil if one of them was not judged or the file is damaged.
  func beliefs(about wanted: [Trajectory]) -> [[ReturnDistribution]]? {
    let width = returns.count
    guard width > 0, masses.count.isMultiple(of: 8 * width), returns.allSatisfy(\.isFinite) else { return nil }
    let numbers = masses.withUnsafeBytes { bytes in
      (0..<(bytes.count / 8)).map {
        Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
    guard numbers.allSatisfy({ (0...1).contains($0) }),
      stride(from: 0, to: numbers.count, by: width).allSatisfy({ numbers[$0..<($0 + width)].contains { $0 > 0 } })
    else { return nil }
    let distributions = (0..<(numbers.count / width)).map {
      ReturnDistribution(returns: returns, probabilities: Array(numbers[($0 * width)..<(($0 + 1) * width)]))
    }
    var result: [[ReturnDistribution]] = []
    for rollout in wanted {
      guard let places = rollouts[rollout.digest], places.count == 4 * rollout.count else { return nil }
      let own = places.withUnsafeBytes { bytes in
        (0..<rollout.count).map {
          Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
      guard own.allSatisfy(distributions.indices.contains) else { return nil }
      result.append(own.map { distributions[$0] })
    }
    return result
  }
}

extension Trajectory {
  /// A digest of everything that a critic's state can depend on.
  var digest: String {
    var digest = Digest()
    digest.add(task.id.rawValue, request, "\(task.stepLimit)", opening.text)
    for step in steps {
      let outcome = step.outcome
      digest.add(
        step.action.text, outcome.observation.text, "\(outcome.reward) \(outcome.isDone) \(outcome.isInvalid)")
    }
    return digest.text
  }
}

extension Workbench {
  /// The file of the last cross-fit.
  var crossFitPath: String { besideStore("trees.crossfit") }

  /// The return-to-go after every step of every rollout, by trees that never saw its task. They are trained on the
  /// rollouts of the train and validation splits; rollouts of the test split are only judged, unless there are no others.
  ///
  /// - Parameter rollouts: stored rollouts of any split.
  func crossFit(
    _ rollouts: [Trajectory], settings: TreesCritic.Settings = .init()
  ) async throws -> [[ReturnDistribution]] {
    func stored(_ split: Split) async throws -> [Trajectory] {
      try await store.rollouts(of: world.identity, policy: policyIdentity, split: split).map(\.trajectory)
    }
    let usual = try await stored(.train) + stored(.validation)
    let areThere = Set(usual.filter { $0.isFinished && $0.count > 0 }.map(\.task.id)).count > 1
    let trained = areThere ? usual : try await usual + stored(.test)
    let seed = Seed(configuration.steering.seed).split("cross-fit")
    let digest = try crossFitDigest(trained, settings, seed)
    if let data = try? TextFile.data(crossFitPath),
      let file = try? PropertyListDecoder().decode(StoredCrossFit.self, from: data), file.digest == digest,
      let beliefs = file.beliefs(about: rollouts)
    {
      return beliefs
    }
    // Rollouts that are only judged are read only where the file does not serve.
    let judged = areThere ? try await stored(.test) : []
    let all = trained + judged
    let beliefs = try CrossFitted.beliefs(
      about: all, judged: Set(judged.map(\.task.id)), environment: world.identity, seed: seed, settings: settings,
      embeddings: try await embeddings(of: all)
    ) { [observer] in observer.note($0) }
    let file = StoredCrossFit(digest: digest, rollouts: all, beliefs: beliefs)
    do {
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      try OutputFile.write(try encoder.encode(file), to: crossFitPath)
    } catch {
      // The predictions are good without the file. They are made again next time.
      observer.note("The predictions could not be stored: \(error)")
    }
    guard let own = file.beliefs(about: rollouts) else {
      throw ConfigurationError("The store changed while it was read. Run the command again.")
    }
    return own
  }

  private func crossFitDigest(
    _ rollouts: [Trajectory], _ settings: TreesCritic.Settings, _ seed: Seed
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var digest = Digest()
    digest.add(
      "\(StoredCrossFit.version)", TreesCritic.libraryVersion, "\(world.identity)", policyIdentity,
      "\(seed.rawValue)", try embedder()?.identity ?? "",
      String(decoding: try encoder.encode(settings), as: UTF8.self))
    for rollout in rollouts { digest.add(rollout.digest) }
    return digest.text
  }
}
