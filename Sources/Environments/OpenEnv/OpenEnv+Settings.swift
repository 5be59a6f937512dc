import Agents
import Foundation
import HTTP

extension OpenEnv {
  /// How an observation of several fields is shown.
  public enum Rendering: String, Sendable, Codable, CaseIterable {
    /// `key: value` on a line each, sorted by key.
    case text
    /// One JSON object, sorted by key.
    case json
  }

  /// The servers, how they are asked, and how actions and observations are mapped.
  public struct Settings: Sendable, Hashable {
    /// URLs of servers that all run the same environment: `http://127.0.0.1:8000`. The scheme may be `ws`, and the path
    /// may end in `/ws`.
    public var urls: [String]
    /// Permits plain HTTP to hosts other than loopback.
    public var allowsPlainHTTP: Bool
    /// The longest one answer may take, in seconds.
    public var timeout: Double
    /// Steps after which an attempt is cut.
    public var stepLimit: Int
    /// The most sessions opened on one server; nil for 8. If a server refuses a session, fewer are used.
    public var sessionsPerServer: Int?
    /// How long a full server is retried, in seconds.
    public var capacityWait: Double
    /// How long an unreachable server is retried, in seconds.
    public var recoveryWait: Double
    /// Parameters of every reset besides the task's seed.
    public var reset: [String: JSONValue]
    /// The property of an action that the agent's text fills; nil to choose it by the server's schema.
    public var actionField: String?
    /// Properties that are the same in every action.
    public var action: [String: JSONValue]
    /// How an observation of several fields becomes a text.
    public var rendering: Rendering
    /// The only field of an observation that is shown; nil for all.
    public var observationField: String?
    /// The request of the tasks; nil if the first observation states it. The policy is then told the environment's
    /// description.
    public var request: String?
    /// The largest possible reward of a trajectory; nil if unknown.
    public var maximalReward: Double?

    /// - Parameters:
    ///   - urls: servers that all run the same environment.
    ///   - timeout: seconds for one answer; `capacityWait` and `recoveryWait` are in seconds too.
    ///   - maximalReward: nil if unknown; a search then never stops early.
    public init(
      urls: [String], allowsPlainHTTP: Bool = false, timeout: Double = 60, stepLimit: Int = 30,
      sessionsPerServer: Int? = nil, capacityWait: Double = 120, recoveryWait: Double = 30,
      reset: [String: JSONValue] = [:], actionField: String? = nil, action: [String: JSONValue] = [:],
      rendering: Rendering = .text, observationField: String? = nil, request: String? = nil,
      maximalReward: Double? = nil
    ) {
      self.urls = urls
      self.allowsPlainHTTP = allowsPlainHTTP
      self.timeout = timeout
      self.stepLimit = stepLimit
      self.sessionsPerServer = sessionsPerServer
      self.capacityWait = capacityWait
      self.recoveryWait = recoveryWait
      self.reset = reset
      self.actionField = actionField
      self.action = action
      self.rendering = rendering
      self.observationField = observationField
      self.request = request
      self.maximalReward = maximalReward
    }

    /// - Throws: `misconfigured` if a number is out of range.
    func check() throws(WorldError) {
      guard !urls.isEmpty else {
        throw WorldError(
          .misconfigured,
          "environment.url is missing: give the URL of an OpenEnv server, such as http://127.0.0.1:8000.")
      }
      guard stepLimit > 0 else {
        throw WorldError(
          .misconfigured, "environment.maxSteps is \(stepLimit); an attempt has at least one step.")
      }
      if reset["seed"] != nil {
        throw WorldError(
          .misconfigured,
          "environment.reset has a seed, but the seed is the task's number: list it in environment.tasks instead.")
      }
      if let sessionsPerServer, sessionsPerServer < 1 {
        throw WorldError(
          .misconfigured, "environment.sessionsPerServer is \(sessionsPerServer); it must be at least 1.")
      }
      // Limits times to what event loops can count in 64-bit nanoseconds.
      let times = [("timeout", timeout), ("capacityWait", capacityWait), ("recoveryWait", recoveryWait)]
      for (name, seconds) in times where !(seconds >= 0 && seconds <= 1e6) || (name == "timeout" && seconds == 0) {
        throw WorldError(.misconfigured, "environment.\(name) is \(seconds); it must be a number of seconds.")
      }
      if let maximalReward, !maximalReward.isFinite {
        throw WorldError(.misconfigured, "environment.maximalReward is \(maximalReward); it must be finite.")
      }
    }
  }
}

/// The URLs of one server.
struct OpenEnvServer: Sendable, Hashable {
  /// Without a trailing slash.
  let base: String
  let socket: WebSocketAddress

  /// - Throws: `misconfigured` if the URL is invalid, or is plain HTTP over a network.
  init(_ url: String, allowsPlainHTTP: Bool) throws(WorldError) {
    var text = url.trimmingCharacters(in: .whitespacesAndNewlines)
    if text.lowercased().hasPrefix("ws") { text = "http" + text.dropFirst(2) }
    if let problem = ServerURL.problem(text, in: "environment", allowsPlainHTTP: allowsPlainHTTP) {
      throw WorldError(.misconfigured, "environment.url \(problem)")
    }
    while text.hasSuffix("/") { text.removeLast() }
    if text.hasSuffix("/ws") { text.removeLast(3) }
    while text.hasSuffix("/") { text.removeLast() }
    guard let socket = WebSocketAddress(text + "/ws") else {
      throw WorldError(
        .misconfigured, "environment.url is not the URL of a server; write it as http://127.0.0.1:8000.")
    }
    base = text
    self.socket = socket
  }
}
