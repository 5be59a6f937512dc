import Agents

/// A policy that can draw several answers to one prompt in one call.
public protocol SamplingPolicy: Policy {
  /// - Returns: at least one answer and at most `samples`, in no particular order.
  func respond(to request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse]
}

/// Sends identical prompts once. Requests that arrive together with the same transcript and choices share one call, so
/// their input is processed and paid for once. At the first step all particles share their prompt, and after a
/// resampling all clones of one particle do. In a world that shows only the present, so do all particles in the same
/// state.
///
/// If a server draws fewer answers than requested, the rest is requested again. Later calls request no more than it
/// draws.
public struct SharedPrompts: Policy, ForwardingPolicy {
  private let desk: Desk
  private let base: any SamplingPolicy

  /// - Parameter most: the most answers that one call may ask for; below 2 nothing is shared.
  public init(_ base: any SamplingPolicy, most: Int) {
    self.base = base
    desk = Desk(base: base, most: most)
  }

  public var identity: String { base.identity }
  public var format: ActionFormat { base.format }
  public var limitsConcurrency: Bool { base.limitsConcurrency }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await desk.answer(to: request).get()
  }

  package func forward(_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON {
    guard let base = base as? any ForwardingPolicy else {
      throw PolicyError(.badRequest, "This policy has no server that \(path) could be forwarded to.")
    }
    return try await base.forward(path, body)
  }

  /// Groups requests that arrive together.
  private actor Desk {
    struct Prompt: Hashable {
      let transcript: Transcript
      let choices: [String]?
      let tools: [ActionTool]
      let question: ModelQuestion?
    }

    typealias Answer = Result<PolicyResponse, PolicyError>

    struct Waiting {
      let request: PolicyRequest
      let answered: CheckedContinuation<Answer, Never>
    }

    /// How long a request waits for others with the same prompt. Particles resume from a checkpoint within microseconds
    /// of each other, and a model takes tens of milliseconds at least.
    static let patience = Duration.milliseconds(2)

    let base: any SamplingPolicy
    var most: Int
    var groups: [Prompt: [Waiting]] = [:]

    init(base: any SamplingPolicy, most: Int) {
      self.base = base
      self.most = max(most, 1)
    }

    func answer(to request: PolicyRequest) async -> Answer {
      if most == 1 {
        do throws(PolicyError) { return .success(try await base.respond(to: request)) } catch { return .failure(error) }
      }
      return await withCheckedContinuation { continuation in
        let prompt = Prompt(
          transcript: request.transcript, choices: request.choices, tools: request.tools,
          question: request.question)
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

    /// Sends one call for all requests of a group.
    private func ask(_ group: [Waiting]) {
      // A stable order, so that the assignment of answers does not depend on the order of arrival.
      let group = group.sorted {
        ($0.request.key.task, $0.request.key.particle) < ($1.request.key.task, $1.request.key.particle)
      }
      guard let first = group.first else { return }
      Task {
        do throws(PolicyError) {
          // Usage is estimated here, because only here it is known which answers share their input.
          let responses = try await base.respond(to: first.request, samples: group.count)
            .estimatingUsage(for: first.request)
          for (waiting, response) in zip(group, responses) { waiting.answered.resume(returning: .success(response)) }
          self.askAgain(Array(group.dropFirst(responses.count)), of: group.count, drawn: responses.count)
        } catch {
          for waiting in group { waiting.answered.resume(returning: .failure(error)) }
        }
      }
    }

    /// Sends further calls for the requests without an answer.
    private func askAgain(_ rest: [Waiting], of asked: Int, drawn: Int) {
      guard !rest.isEmpty else { return }
      // A few missing answers were broken off and do not show how many the server draws.
      if 2 * drawn <= asked { most = max(1, min(most, drawn)) }
      for start in stride(from: 0, to: rest.count, by: most) {
        ask(Array(rest[start..<min(start + most, rest.count)]))
      }
    }
  }
}
