import Findings
import Steering

/// The base model against the tuned one, token by token, with a table for each question. At most 100 columns wide.
package struct TokenTable: Sendable, Hashable {
  /// Figures of tokens, pass rates, and positions of forks.
  package let tables: [TextTable]
  /// The conclusions in words.
  package let lines: [String]

  package init(_ findings: TokenFindings) {
    let attempts = "\(counted(findings.tasks, "task")) × \(counted(findings.attempts, "attempt"))"
    var tokens = TextTable(
      title: "Base against tuned on the tuned model's answers (\(attempts), \(counted(findings.tokens, "token")))",
      columns: [.left("figure"), .right("value")])
    func percent(_ share: Double?, _ digits: Int = 1) -> String {
      share.map { "\(Format.number($0 * 100, digits: digits)) %" } ?? "–"
    }
    let se = findings.tasks > 1 ? " ± \(percent(findings.agreement.se, 2))" : ""
    tokens.append(["both prefer the same token", percent(findings.agreement.mean, 2) + se])
    tokens.append(["forks (they differ)", Format.count(findings.forks)])
    tokens.append(["forks inside the base's five likeliest", percent(findings.nearShare)])
    tokens.append(["base's entropy at forks, nats", findings.forkEntropy.map { Format.number($0) } ?? "–"])
    tokens.append(["base's entropy everywhere, nats", Format.number(findings.meanEntropy)])
    tokens.append([
      "ratio of the two", findings.entropyRatio.map { Format.number($0, digits: 1) + " ×" } ?? "–",
    ])
    var passes = TextTable(
      title: "Share of attempts that pass (± one standard error over tasks)",
      columns: [
        .left("who draws the tokens"), .right("pass rate"), .right("− base, paired"), .right("95 % interval"),
      ])
    for pass in findings.passes {
      passes.append([
        Self.name(pass.name), pass.rate.text(overTasks: findings.tasks),
        pass.difference.map { $0.estimate.text(overTasks: $0.tasks, signed: true) } ?? "–",
        intervalText(pass.difference?.interval),
      ])
    }
    var tenths = TextTable(
      title: "Where in the answer forks fall, by tenths",
      columns: (1...10).map { .right("\($0)") })
    tenths.append(Self.tenths(findings).map { percent($0, 0) })
    tables = [tokens] + (findings.passes.isEmpty ? [] : [passes]) + (findings.forks > 0 ? [tenths] : [])
    lines = Self.recovered(findings).map { [visible($0)] } ?? []
  }

  package var text: String {
    (tables.map(\.text) + (lines.isEmpty ? [] : [lines.joined(separator: "\n")])).joined(separator: "\n\n")
  }

  /// Exactly ten shares, even if a file has more or fewer.
  static func tenths(_ findings: TokenFindings) -> [Double] {
    Array((findings.forksByTenth + Array(repeating: 0, count: 10)).prefix(10))
  }

  static func name(_ pass: String) -> String {
    switch pass {
    case "oracle": "base, tuned model at the forks"
    case "random": "base, tuned model at as many random tokens"
    default: pass
    }
  }

  /// The share of the tuned model's gain that its tokens at forks achieve.
  private static func recovered(_ findings: TokenFindings) -> String? {
    func gain(_ name: String) -> Double? {
      findings.passes.first { $0.name == name }?.difference?.estimate.mean
    }
    guard let tuned = gain("tuned"), let oracle = gain("oracle"), let random = gain("random") else { return nil }
    let start = "Of the tuned model's gain of \(Format.number(tuned, signed: true)), "
    guard tuned > 1e-9 else {
      return "The tuned model does not pass more often than the base here (\(Format.number(tuned, signed: true)))."
    }
    return start + "its tokens at the forks alone bring \(Format.number(oracle, signed: true)) "
      + "(\(Format.number(oracle / tuned * 100, digits: 0)) %), as many random ones \(Format.number(random, signed: true))."
  }
}

/// "[+0.012, +0.034]", or "–".
func intervalText(_ interval: MeanEstimate.Interval?) -> String {
  interval.map { "[\(Format.number($0.low, signed: true)), \(Format.number($0.high, signed: true))]" } ?? "–"
}
