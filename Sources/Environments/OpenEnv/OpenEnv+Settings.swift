import Agents
import Foundation
import HTTP

extension OpenEnv {
  /// How an observation of several fields is shown.
  public enum Rendering: String, Sendable, Codable, CaseIterable {
    /// `key: value`, a line each, keys in order.
    case text
    /// One JSON object, keys in order.
    case json
  }

  /// The servers, how they are asked, and how actions and observations are mapped.
  public struct Settings: Sendable, Hashable {
    /// Of servers that all run the same environment: `http://127.0.0.1:8000`, or with `ws` for `http`, or with `/ws` at its end.
    public var urls: [String]
    /// Permits plain HTTP to hosts other than loopback.
    public var allowsPlainHTTP: Bool
    /// The longest one answer may take, in seconds.
    public var timeout: Double
    /// Steps after which an attempt is cut.
    public var stepLimit: Int
    /// Sessions that are opened on one server at most; nil for 8. A server that refuses one is asked for fewer.
    public var sessionsPerServer: Int?
    /// How long a server that is full is asked again, in seconds.
    public var capacityWait: Double
    /// How long a server that cannot be reached is asked again, in seconds.
    public var recoveryWait: Double
    /// What every reset is given besides the task's seed.
    public var reset: [String: JSONValue]
    /// The property of an action that the agent's words fill; nil to choose by the server's schema.
    public var actionField: String?
    /// Properties that are the same in every action.
    public var action: [String: JSONValue]
    /// How an observation of several fields becomes a text.
    public var rendering: Rendering
    /// The one field of an observation that is shown; nil for all.
    public var observationField: String?
    /// What the tasks ask for; nil where the first observation says it. The policy is then told the environment's description.
    public var request: String?
    /// The largest reward a trajectory can have, where it is known.
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

    /// - Throws: `misconfigured` where a number makes no sense.
    func check() throws(WorldError) {
      guard !urls.isEmpty else {
        throw WorldError(
          .misconfigured, "environment.url is missing: give an OpenEnv server's, as http://127.0.0.1:8000.")
      }
      guard stepLimit > 0 else {
        throw WorldError(
          .misconfigured, "environment.maxSteps is \(stepLimit); an attempt has at least one step.")
      }
      if reset["seed"] != nil {
        throw WorldError(
          .misconfigured, "environment.reset has a seed; the seed is the task's: list it in environment.tasks.")
      }
      if let sessionsPerServer, sessionsPerServer < 1 {
        throw WorldError(
          .misconfigured, "environment.sessionsPerServer is \(sessionsPerServer); it is 1 at least.")
      }
      // Event loops count in 64-bit nanoseconds.
      let times = [("timeout", timeout), ("capacityWait", capacityWait), ("recoveryWait", recoveryWait)]
      for (name, seconds) in times where !(seconds >= 0 && seconds <= 1e6) || (name == "timeout" && seconds == 0) {
        throw WorldError(.misconfigured, "environment.\(name) is \(seconds); it is a number of seconds.")
      }
      if let maximalReward, !maximalReward.isFinite {
        throw WorldError(.misconfigured, "environment.maximalReward is \(maximalReward); it is a number.")
      }
    }
  }
}

/// One server: where its pages are, and where its sessions.
struct OpenEnvServer: Sendable, Hashable {
  /// Without a slash at its end.
  let base: String
  let socket: WebSocketAddress

  /// - Throws: `misconfigured` where the URL is none, or is plain HTTP over a network.
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
        .misconfigured, "environment.url is no URL of a server; write it as http://127.0.0.1:8000.")
    }
    base = text
    self.socket = socket
  }
}
