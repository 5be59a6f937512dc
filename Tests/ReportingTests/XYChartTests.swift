import Testing

@testable import Reporting

@Suite("A picture of points")
struct XYChartTests {
  private func chart(
    _ series: [XYChart.Series], scale: XYChart.Scale = .linear, hasDiagonal: Bool = false, title: String = "Title"
  ) -> PictureReader {
    PictureReader(
      XYChart(
        title: title, xTitle: "particles", yTitle: "reward", series: series, scale: scale, hasDiagonal: hasDiagonal
      ).svg)
  }

  private func series(_ name: String, _ points: [(Double, Double, Double)], isLine: Bool = true) -> XYChart.Series {
    XYChart.Series(name: name, points: points.map { .init(x: $0.0, mean: $0.1, se: $0.2) }, isLine: isLine)
  }

  @Test("has a mark per point and one in the legend, a whisker where there is an error, and a line where asked")
  func parts() {
    let reader = chart([
      series("best-of", [(1, 0.5, 0.1), (2, 0.6, 0)]), series("amc", [(1, 0.5, 0.1), (2, 0.8, 0.1)], isLine: false),
    ])
    #expect(reader.isWellFormed)
    #expect(reader.all("point").count == 4)
    #expect(reader.all("mark").count == 6)
    #expect(reader.all("whisker").count == 3)
    #expect(reader.all("path").count == 1)
    #expect(Set(reader.all("mark").map(\.name)) == ["circle", "rect"])
    let tooltips = reader.elements.filter { $0.name == "title" }.map(\.text)
    #expect(tooltips.contains("amc: particles 2, reward 0.800 ± 0.100"))
    #expect(reader.first("desc")?.text.contains("best-of: particles 1, reward 0.500 ± 0.100; particles 2") == true)
  }

  @Test("puts powers of two at equal distances")
  func logarithmic() throws {
    let points = [1.0, 2, 4, 32].map { ($0, 0.5, 0.0) }
    let reader = chart([series("amc", [(0, 0.5, 0), (-1, 0.5, 0)] + points)], scale: .log2)
    let places = reader.all("mark").compactMap { $0.number("cx") }.dropFirst()
    let x = Array(places)
    try #require(x.count == 4)
    #expect(abs((x[1] - x[0]) - (x[2] - x[1])) < 0.02)
    #expect(abs((x[3] - x[2]) - 3 * (x[1] - x[0])) < 0.03)
    #expect(Set(["1", "2", "4", "8", "16", "32"]).isSubset(of: reader.texts))
    #expect(XScale([1, 3], .log2).ticks.map(\.label) == ["1", "2", "4"])
    #expect(XScale([0.3, 5], .log2).ticks.map(\.label) == ["2^−2", "2^−1", "1", "2", "4", "8"])
    #expect(XScale([8], .log2).share(of: 8) == 0)
    #expect(XScale([], .log2).ticks.count == 2)
    #expect(XScale([1, 1e14], .log2).ticks.count <= 12)
  }

  @Test("draws what is predicted on the diagonal where it is realised")
  func diagonal() throws {
    let reader = chart([series("trees", [(0.25, 0.25, 0), (0.75, 0.75, 0)])], hasDiagonal: true)
    let line = try #require(reader.all("diagonal").first)
    let (x1, y1) = (try #require(line.number("x1")), try #require(line.number("y1")))
    let (x2, y2) = (try #require(line.number("x2")), try #require(line.number("y2")))
    for mark in reader.all("mark").dropFirst() {
      let (x, y) = (try #require(mark.number("cx")), try #require(mark.number("cy")))
      #expect(abs((y - y1) / (y2 - y1) - (x - x1) / (x2 - x1)) < 1e-3)
    }
    #expect(chart([], scale: .log2, hasDiagonal: true).all("diagonal").isEmpty)
  }

  @Test("keeps to the numbers there are")
  func axes() {
    #expect(
      Axis(fitting: [0, 0.031]).ticks.map(Axis(fitting: [0, 0.031]).label) == ["0.00", "0.01", "0.02", "0.03", "0.04"])
    #expect(Axis(fitting: [0.6]).ticks.count == 6 && Axis(fitting: [0.6]).high == 1)
    #expect(Axis(fitting: [0, 0]).high == 1 && Axis(fitting: []).high == 1)
    let costs = Axis(fitting: [0, 120_000])
    #expect(costs.label(120_000) == "120,000")
    // A fitted axis must include the whiskers.
    let reader = chart([series("gain", [(1, 0.1, 0.3)])])
    #expect(reader.texts.contains("−0.2") && reader.texts.contains("0.4"))
  }

  @Test("survives nothing, numbers that are none and hostile text")
  func extremes() {
    let hostile = "<script>alert(1)</script> ]]> & \"'\u{0}\u{202E}"
    #expect(chart([]).isWellFormed)
    let reader = chart(
      [
        series(hostile, [(.nan, 0, 0), (0, .infinity, 0), (1, 0.5, .nan), (2, 0.5, .infinity), (1e300, 1, 1)]),
        series("", []),
      ], title: hostile)
    #expect(reader.isWellFormed)
    #expect(reader.all("point").count == 2)
    #expect(reader.all("whisker").isEmpty)
  }
}
