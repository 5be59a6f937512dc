import Agents
import Foundation

/// What the policy is told before the task. The form of its answers is the policy's own matter and not part of it.
public struct Prompt: Sendable, Hashable {
  public enum Source: Sendable, Hashable {
    /// Think, then act (ReAct, arXiv 2210.03629).
    case react
    /// Say where things stand and what is still missing for the goal, then act (ReflAct, arXiv 2505.15182).
    case reflact
    /// The text of a file.
    case file(String)
  }

  public let text: String

  /// - Throws: `misconfigured` where the file cannot be read as UTF-8, or says nothing.
  public init(_ source: Source) throws(EnvironmentError) {
    switch source {
    case .react: text = Self.trimmed(PackageResources.react_txt)
    case .reflact: text = Self.trimmed(PackageResources.reflact_txt)
    case .file(let path):
      guard let data = FileManager.default.contents(atPath: path), let words = String(data: data, encoding: .utf8),
        !words.allSatisfy(\.isWhitespace)
      else {
        throw EnvironmentError(
          .misconfigured, "environment.prompt is \(path), which is no file of UTF-8 text that says something.")
      }
      text = Self.trimmed(Array(data))
    }
  }

  private static func trimmed(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
