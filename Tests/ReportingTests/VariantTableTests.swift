import Findings
import Foundation
import Reporting
import Steering
import Testing

@Suite("A table and a picture of many variants")
struct VariantTableTests {
  /// single, and 3 values of N × (best-of, amc and beam at 2 schedules × 2 β).
  static func many() throws -> Comparison {
    var methods = [try Samples.summary("single", particles: 1)]
    var differences: [[String: Any]] = []
    for particles in [4, 8, 128] {
      methods.append(try Samples.summary("best-of", particles: particles))
      for (method, keep) in [("amc", nil), ("beam", particles / 4)] as [(String, Int?)] {
        for resample in ["steps:1,2,3,4,5,6,7,8,9,10,11,12,13,14", "ess:0.5"] {
          for temperature in [0.03, 0.1] {
            methods.append(
              try Samples.summary(
                method, particles: particles, resample: resample, temperature: temperature, keep: keep,
                seeds: [0, 1, 2], failed: method == "beam" && particles == 4 ? 1 : 0))
            var difference = Samples.difference(against: "best-of")
            difference["method"] = method
            difference["particles"] = particles
            difference["againstParticles"] = particles
            difference["resample"] = resample
            difference["temperature"] = temperature
            difference["keep"] = keep
            difference["rewardBest"] = ["mean": 0.05 + temperature, "se": 0.01]
            difference["interval"] = [
              "rewardBest": ["low": 0.0304 + temperature, "high": 0.0696 + temperature],
              "rewardMean": ["low": 0.0, "high": 0.1], "rewardWeighted": ["low": 0.0, "high": 0.1],
            ]
            differences.append(difference)
          }
        }
      }
    }
    return try Samples.comparison(methods, differences: differences)
  }

  @Test("A line for each variant, within 120 columns, with its gain and its interval")
  func table() throws {
    let table = try ComparisonTable(Self.many())
    #expect(table.tables.count == 1 && table.tables[0].rows.count == 1 + 3 * 9)
    #expect(table.tables[0].width <= 120)
    #expect(table.text.split(separator: "\n")[0].count <= 120)
    let lines = table.text.split(separator: "\n").map(String.init)
    #expect(
      lines.contains {
        $0.contains("amc") && $0.contains("ess:0.5 β 0.03") && $0.contains("+0.080 ± 0.010")
          && $0.contains("[+0.060, +0.100]")
      }, "\(table.text)")
    #expect(
      table.lines.contains(
        "a task's figures are means over the seeds 0, 1, 2, or over those of them that a variant was run with"))
    #expect(table.lines.contains("beam k 1 N 4, ess:0.5 β 0.03: 1 attempt failed and is left out of all means"))
  }

  @Test("A study has a table of its points")
  func points() throws {
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(Self.many()))
    var object = try #require(json as? [String: Any])
    object["study"] = "scaling"
    object["points"] = [
      [
        "label": "amc\u{1B}[2J", "x": 8, "estimate": ["mean": 0.5, "se": 0.01], "particles": 8, "callsPerTask": 40,
        "costPerTask": 0.5,
      ]
    ]
    let comparison = try Comparison(json: JSONSerialization.data(withJSONObject: object))
    let table = ComparisonTable(comparison)
    #expect(table.tables.count == 2 && table.tables[0].rows == [["amc␛[2J", "8", "0.500 ± 0.010", "40", "0.50"]])
  }

  @Test("The picture names each variant and stays well formed")
  func picture() throws {
    let reader = try PictureReader(ComparisonChart.svg(Self.many()))
    #expect(reader.isWellFormed)
    #expect(reader.texts.contains("28 variants on 48 tasks"), "\(reader.texts.prefix(5))")
    #expect(reader.texts.contains("amc N 8, ess:0.5 β 0.03"))
  }
}
