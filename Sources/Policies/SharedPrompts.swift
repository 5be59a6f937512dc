import Agents

/// A policy that can draw several answers to one prompt in one call.
public protocol SamplingPolicy: Policy {
  /// - Returns: at least one answer and at most `samples`, in no particular order.
  func respond(to request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse]
}

/// Asks identical prompts once: requests that arrive together with the same transcript and choices share one call, so that
/// their input is paid for, and worked through, once. At the first step all particles share their prompt, after a resampling
/// all siblings, and in a world that shows only the present, all particles of equal standing.
public struct SharedPrompts: Policy {
  private let desk: Desk
  private let base: any SamplingPolicy

  /// - Parameter most: the largest number of answers that one call may ask for, at least 2 to share anything.
  public init(_ base: any SamplingPolicy, most: Int) {
    self.base = base
    desk = Desk(base: base, most: most)
  }

  public var identity: String { base.identity }
  public var format: ActionFormat { base.format }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await desk.answer(to: request).get()
  }

  /// Collects what arrives together.
  private actor Desk {
    struct Prompt: Hashable {
      let transcript: Transcript
      let choices: [String]?
    }

    typealias Answer = Result<PolicyResponse, PolicyError>

    struct Waiting {
      let request: PolicyRequest
      let answered: CheckedContinuation<Answer, Never>
    }

    /// How long a prompt waits for its like. Particles that stop at one checkpoint go on within microseconds of each other,
    /// and a model takes tens of milliseconds at least.
    static let patience = Duration.milliseconds(2)

    let base: any SamplingPolicy
    let most: Int
    var groups: [Prompt: [Waiting]] = [:]

    init(base: any SamplingPolicy, most: Int) {
      self.base = base
      self.most = max(most, 1)
    }

    func answer(to request: PolicyRequest) async -> Answer {
      await withCheckedContinuation { continuation in
        let prompt = Prompt(transcript: request.transcript, choices: request.choices)
        groups[prompt, default: []].append(Waiting(request: request, answered: continuation))
        let size = groups[prompt]?.count ?? 0
        if size >= most {
          ask(groups.removeValue(forKey: prompt) ?? [])
        } else if size == 1 {
          Task {
            try? await Task.sleep(for: Self.patience)
            self.ask(self.groups.removeValue(forKey: prompt) ?? [])
          }
        }
      }
    }

    /// Asks for all that wait, again for those that a server which draws fewer answers left over.
    private nonisolated func ask(_ group: [Waiting]) {
      // In a stable order, so that who gets which answer does not depend on who came first.
      let group = group.sorted {
        ($0.request.key.task, $0.request.key.particle) < ($1.request.key.task, $1.request.key.particle)
      }
      Task {
        var rest = group[...]
        while let first = rest.first {
          do throws(PolicyError) {
            let responses = try await base.respond(to: first.request, samples: rest.count)
            for (waiting, response) in zip(rest, responses) { waiting.answered.resume(returning: .success(response)) }
            rest = rest.dropFirst(responses.count)
          } catch {
            for waiting in rest { waiting.answered.resume(returning: .failure(error)) }
            return
          }
        }
      }
    }
  }
}
