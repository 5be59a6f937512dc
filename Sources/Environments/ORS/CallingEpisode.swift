import Agents
import Foundation
import HTTP

/// One attempt at a task in one session. It is lost with its session; `RecoveringEpisode` opens another.
actor CallingEpisode: Episode {
  private let pool: SessionPool
  private let session: ORSSession
  private let tools: ToolBox
  private var isDone = false

  private init(_ session: ORSSession, _ tools: ToolBox, in pool: SessionPool) {
    (self.session, self.tools, self.pool) = (session, tools, pool)
  }

  /// - Parameter tools: those of the environment. A task may have others.
  static func begin(
    _ split: String, _ index: Int, _ tools: ToolBox, in pool: SessionPool
  ) async throws(WorldError) -> (episode: CallingEpisode, observation: Observation) {
    let session = try await pool.open(split, index)
    do throws(WorldError) {
      let (wire, path) = (pool.wire, "/\(pool.environment)")
      // The server answers with 503 until it has set the task up.
      let prompt = try await wire.ask(
        .GET, "\(path)/prompt", at: session.base, session: session.id, stage: .session,
        patience: pool.settings.setupWait)
      guard let blocks = ORSWire.json(prompt)?.items else {
        throw wire.misspoken("GET \(session.base)\(path)/prompt", "with a list of blocks", prompt)
      }
      var text = try pool.settings.text(of: blocks, in: "prompt")
      // Older servers have no tools of a task.
      let answer = try await wire.ask(
        .GET, "\(path)/task_tools", at: session.base, session: session.id, stage: .session, allowing: [404])
      let own = answer.status == 404 ? nil : ORSWire.json(answer).flatMap(ToolBox.init)
      if let added = own?.beyond(tools) { text += "\n\nThe tools of this task:\n\n\(added.listing)" }
      await pool.used(session)
      return (CallingEpisode(session, own ?? tools, in: pool), Observation(text))
    } catch {
      await pool.delete(session)
      throw error
    }
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    guard !isDone else {
      throw WorldError(.diverged, "The attempt is over; its environment takes no more calls.")
    }
    let call: ToolBox.Call
    do throws(ToolBox.Misread) {
      guard case .act(let words) = action else {
        throw ToolBox.Misread(reason: "No call of a tool was found in the answer.")
      }
      call = try tools.call(words)
    } catch {
      // The server is not asked, so nothing changes in its environment.
      return Outcome(Observation("\(error.reason) Written as a text, \(tools.form)"), isInvalid: true)
    }
    let outcome = try await outcome(of: call)
    isDone = outcome.isDone
    return outcome
  }

  func close() async { await pool.delete(session) }

  private func outcome(of call: ToolBox.Call) async throws(WorldError) -> Outcome {
    let wire = pool.wire
    let path = "/\(pool.environment)/call"
    let name = "POST \(session.base)\(path)"
    await pool.used(session)
    let answer = try await wire.ask(
      .POST, path, at: session.base, session: session.id, ["name": .text(call.name), "input": .object(call.input)],
      stage: .session)
    await pool.used(session)
    let events = ServerSentEvent.all(in: answer.body)
    // The standard ends an attempt whose tool raised an error.
    if let error = events.last(where: { $0.name == "error" }) {
      throw WorldError(.failed, "The tool \(call.name) raised an error: \(wire.clean(error.data).clipped(to: 300))")
    }
    guard events.last?.name == "end" else {
      throw WorldError(.unavailable, "\(name): the stream of events broke off before the result of \(call.name).")
    }
    let text = events.filter { ["chunk", "end"].contains($0.name) }.map(\.data).joined()
    guard let result = JSONValue(parsing: text), case .flag(let isOK) = result["ok"] else {
      throw wire.misspoken(name, "with \"ok\" in a JSON object", answer)
    }
    guard isOK else {
      let error = wire.clean(result["error"]?.text ?? result.json)
      if result["reason"]?.text == "episode_finished" {
        throw WorldError(.diverged, "\(name): \(error.clipped(to: 300))")
      }
      return Outcome(Observation("\(String(error.prefix(4_000))) Written as a text, \(tools.form)"), isInvalid: true)
    }
    guard let output = result["output"], let blocks = output["blocks"]?.items,
      case .flag(let isDone) = output["finished"] ?? .flag(false)
    else { throw wire.misspoken(name, "with output.blocks and output.finished", answer) }
    let reward: Double
    switch output["reward"] ?? .null {
    case .null: reward = 0
    case .number(let number) where number.double.isFinite: reward = number.double
    default: throw wire.misspoken(name, "with output.reward, a finite number or null", answer)
    }
    return Outcome(
      Observation(try pool.settings.text(of: blocks, in: "answer of \(call.name)")), reward: reward, isDone: isDone)
  }
}

extension ORS.Settings {
  /// The texts of blocks, joined by empty lines.
  ///
  /// - Throws: `misconfigured` for a block that is no text, unless images become notes.
  fileprivate func text(of blocks: [JSONValue], in place: String) throws(WorldError) -> String {
    var texts: [String] = []
    for block in blocks {
      if let text = block["text"]?.text {
        texts.append(text)
        continue
      }
      let kind = block["mimeType"]?.text ?? block["type"]?.text ?? block.noun
      guard images == .note else {
        throw WorldError(
          .misconfigured,
          "The \(place) holds a block of \(kind.clipped(to: 100)), which a policy is not shown. Write "
            + "environment.images: note to show a note in its place.")
      }
      texts.append("[\(kind.clipped(to: 100)) left out]")
    }
    return texts.joined(separator: "\n\n")
  }
}
