import Agents
import Foundation
import HTTP

extension ORS {
  /// What happens with an image in a prompt or in a tool's answer. Policies are shown texts.
  public enum Images: String, Sendable, Codable, CaseIterable {
    /// The attempt fails and names the image.
    case refuse
    /// The agent reads a note in place of the image.
    case note
  }

  /// The servers, how they are asked, and which environment and splits are used.
  public struct Settings: Sendable, Hashable {
    /// Base URLs of servers that all serve the same environment.
    public var urls: [String]
    /// Permits plain HTTP to hosts other than loopback.
    public var allowsPlainHTTP = false
    /// The environment's name on the server; nil for the only one.
    public var environment: String?
    /// The server's names of splits; a missing one is the split of the same name, or the only one of that type.
    public var splits: [Split: String] = [:]
    /// Headers of every request, such as a key. Their values appear nowhere else.
    public var headers: [String: String] = [:]
    /// Secrets that the environment gets with every session (`X-Secrets`), by name.
    public var secrets: [String: String] = [:]
    /// The longest one call may take, in seconds.
    public var timeout = 60.0
    /// How long one try waits for a server that cannot be reached or is busy, in seconds.
    public var recoveryWait = 20.0
    /// How long an environment may take to set a task up, in seconds.
    public var setupWait = 600.0
    /// After how many seconds without a request the server drops a session. It is pinged after half of that.
    public var sessionLife = 120.0
    /// The most open requests at one server.
    public var concurrency = 64
    /// Steps after which an attempt is cut.
    public var stepLimit = 30
    /// What happens with images.
    public var images = Images.refuse
    /// Offers one more tool that calls the tools that a task adds, to policies that call tools.
    public var offersTaskTools = false
    /// The largest possible reward of a trajectory; nil if unknown. A search stops there.
    public var maximalReward: Double?

    /// - Parameter urls: servers that all serve the same environment.
    public init(urls: [String]) { self.urls = urls }

    /// - Throws: `misconfigured` if a URL or a number is invalid.
    func check() throws(WorldError) {
      func problem(_ what: String) -> WorldError { WorldError(.misconfigured, "environment.\(what)") }
      guard !urls.isEmpty else {
        throw problem("url is missing: give the URL of an Open Reward Standard server, such as http://127.0.0.1:8080.")
      }
      for url in urls {
        if let what = ServerURL.problem(url, in: "environment", allowsPlainHTTP: allowsPlainHTTP) {
          throw problem("url \(what)")
        }
      }
      guard stepLimit > 0 else { throw problem("maxSteps is \(stepLimit); an attempt has at least one step.") }
      guard concurrency > 0 else { throw problem("concurrency is \(concurrency); it must be at least 1.") }
      let times = [
        ("timeout", timeout), ("recoveryWait", recoveryWait), ("setupWait", setupWait), ("sessionLife", sessionLife),
      ]
      for (name, seconds) in times
      where !(seconds >= 0 && seconds <= 1e6) || (seconds == 0 && ["timeout", "sessionLife"].contains(name)) {
        throw problem("\(name) is \(seconds); it must be a number of seconds.")
      }
      if let maximalReward, !maximalReward.isFinite {
        throw problem("maximalReward is \(maximalReward); it must be finite.")
      }
    }

    /// The URLs without slashes at their ends.
    var bases: [String] { urls.map { $0.replacing(/\/+$/, with: "") } }

    /// The value of `X-Secrets`: base64 of `{name: {"value": …}}`; nil without secrets.
    var secretsHeader: String? {
      guard !secrets.isEmpty else { return nil }
      let payload = JSONValue.object(secrets.mapValues { .object(["value": .text($0)]) })
      return Data(payload.json.utf8).base64EncodedString()
    }
  }
}
