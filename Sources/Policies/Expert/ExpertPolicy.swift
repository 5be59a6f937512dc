import Agents

/// The policy that follows a world's own solutions: step k of a task is answered with the solution's action k, in the
/// form of ``format`` and without a thought.
///
/// Its rollouts teach a model the form of a task (imitation). Its identity keeps them apart from the model's own.
public struct ExpertPolicy: Policy {
  /// The beginning of every expert's identity.
  public static let name = "expert"

  /// The world whose solutions are followed.
  public let world: any ExpertWorld
  public let format: ActionFormat

  /// - Parameter format: how the actions are written, as the model to be taught would write them.
  public init(world: any ExpertWorld, format: ActionFormat = .plain) {
    self.world = world
    self.format = format
  }

  /// `expert`, followed by the format unless that is ``ActionFormat/plain``.
  public var identity: String { format == .plain ? Self.name : "\(Self.name), \(format.rawValue)" }

  public var computesAnswers: Bool { true }

  /// - Throws: `badRequest` if the task has no solution or the solution has no action for this step.
  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let (id, step) = (request.key.task, request.key.step)
    let solution: [String]?
    do throws(WorldError) { solution = try await world.solution(of: try world.task(id)) } catch {
      throw PolicyError(.badRequest, error.message)
    }
    guard let solution else {
      throw PolicyError(.badRequest, "The expert has no solution of task \(id); leave the task out.")
    }
    guard step < solution.count else {
      throw PolicyError(
        .badRequest,
        "The expert's solution of task \(id) has \(solution.count) steps, but the attempt did not end there and "
          + "needs step \(step + 1): correct the world's solution, or when the world ends.")
    }
    guard let text = format.response(for: solution[step], choices: request.choices, tools: request.tools) else {
      throw PolicyError(
        .badRequest,
        "The expert's action \"\(solution[step])\" of task \(id) cannot be written in the format \(format.rawValue), "
          + "or is none of the choices; use policy.format plain.")
    }
    return PolicyResponse(text)
  }
}
