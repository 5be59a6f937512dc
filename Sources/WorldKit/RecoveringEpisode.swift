import Agents

/// An episode of a world that can be lost. When the connection or the process behind it fails, the episode is opened
/// again and the actions so far are replayed. The outcomes are compared with the recorded ones.
public struct RecoveringEpisode: Episode {
  /// Opens the underlying episode afresh. Called again after each loss.
  public typealias Open =
    @Sendable () async throws(WorldError) -> (episode: any Episode, observation: Observation)

  /// How many times one step may lose its world.
  private static let attempts = 3
  /// How many times one step may lose its world through another episode's fault. An episode that hangs takes its
  /// neighbours down each time it is tried.
  private static let displacements = 100

  private let open: Open
  private let advice: String?
  private let opening: Observation
  private var episode: any Episode
  private var steps: [(action: Action, outcome: Outcome)] = []
  private var comparison = ReplayComparison()

  public var recoveryMismatches: Int { comparison.mismatches }

  /// Opens an episode, and retries if the world is lost.
  ///
  /// - Parameter advice: ``World/divergenceAdvice``, appended to the message of a divergence.
  public static func begin(
    advice: String? = nil, _ open: @escaping Open
  ) async throws(WorldError) -> (episode: RecoveringEpisode, observation: Observation) {
    let (episode, observation) = try await opened(open)
    return (RecoveringEpisode(open: open, advice: advice, opening: observation, episode: episode), observation)
  }

  private static func opened(
    _ open: Open
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    var patience = Patience()
    while true {
      do throws(WorldError) { return try await open() } catch {
        guard let attempt = patience.next(after: error) else { throw error }
        try await pause(after: attempt)
      }
    }
  }

  /// Counts the attempts at one step.
  private struct Patience {
    private var attempt = 1
    private var displaced = 0

    /// The number of failures that were this episode's own, at least 1, if the step should be retried; nil if not.
    mutating func next(after error: WorldError) -> Int? {
      switch error.kind {
      case .unavailable where attempt < attempts: attempt += 1
      case .displaced where displaced < displacements: displaced += 1
      default: return nil
      }
      return max(attempt - 1, 1)
    }
  }

  /// Waits half a second after the first failure and two seconds after the second: the world may be restarting.
  private static func pause(after attempt: Int) async throws(WorldError) {
    do {
      try await Task.sleep(for: .milliseconds(500 * attempt * attempt))
    } catch {
      throw WorldError(.cancelled, "The run was stopped while it waited for a world that was lost.")
    }
  }

  private init(open: @escaping Open, advice: String?, opening: Observation, episode: any Episode) {
    self.open = open
    self.advice = advice
    self.opening = opening
    self.episode = episode
  }

  public mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    var patience = Patience()
    var loss: WorldError?
    while true {
      do throws(WorldError) {
        if let loss { try await recover(from: loss) }
        let outcome = try await episode.step(action)
        steps.append((action, outcome))
        return outcome
      } catch {
        // The replay may lose the world again.
        guard let attempt = patience.next(after: error) else { throw error }
        try await Self.pause(after: attempt)
        loss = error
      }
    }
  }

  /// Opens the episode again and replays the recorded actions.
  private mutating func recover(from loss: WorldError) async throws(WorldError) {
    await episode.close()
    let again: Observation
    (episode, again) = try await Self.opened(open)
    guard comparison.compare(opening: again, with: opening) != .diverges else {
      throw diverged(
        "\(loss.message) Opened again, the task begins differently: it is another task, or another version.")
    }
    if let divergence = try await comparison.replay(steps, in: &episode) {
      let (replayed, recorded) = (divergence.replayed.reward, divergence.recorded.reward)
      throw diverged(
        "\(loss.message) Opened again, step \(divergence.step) paid \(replayed) where it had paid \(recorded).")
    }
  }

  private func diverged(_ message: String) -> WorldError {
    WorldError(.diverged, message + (advice.map { " \($0)" } ?? ""))
  }

  public func fork() async throws(WorldError) -> (any Episode)? {
    let copy: (any Episode)?
    do throws(WorldError) { copy = try await episode.fork() } catch {
      // nil makes the caller fork by a replay, which also recovers the lost world.
      guard error.isLoss else { throw error }
      return nil
    }
    guard let copy else { return nil }
    var recovering = RecoveringEpisode(open: open, advice: advice, opening: opening, episode: copy)
    recovering.steps = steps
    return recovering
  }

  public func close() async { await episode.close() }
}
