import Findings
import Reporting
import Steering
import Testing

@Suite("Formatting")
struct FormattingTests {
  @Test(
    "means come with their standard errors",
    arguments: [
      (MeanEstimate(mean: 0.7381, se: 0.0388), "0.738 ± 0.039"), (MeanEstimate([0.738]), "0.738"),
      (MeanEstimate(mean: -0.0001, se: 0.5), "0.000 ± 0.500"), (MeanEstimate(mean: -1.5, se: 0), "−1.500"),
      (MeanEstimate(mean: .nan, se: 0), "–"), (MeanEstimate(mean: -.infinity, se: .nan), "−∞ ± –"),
    ])
  func means(estimate: MeanEstimate, text: String) { #expect(estimate.text == text) }

  @Test("a standard error of 0 over several tasks is told")
  func equalTasks() {
    #expect(MeanEstimate([1, 1, 1]).text(overTasks: 3) == "1.000 ± 0.000")
    #expect(MeanEstimate(mean: 0.168, se: 0.05).text(overTasks: 48, digits: 2, signed: true) == "+0.17 ± 0.05")
  }

  @Test(
    "durations",
    arguments: [
      (0, "0 s"), (0.042, "42 ms"), (1.24, "1.2 s"), (9.949, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
      (59.6, "1 min 00 s"), (185, "3 min 05 s"), (3_599.7, "1 h 00 min"), (3_720, "1 h 02 min"),
      (36_000_000, "10,000 h 00 min"), (-1, "–"), (.nan, "–"), (.infinity, "–"),
    ] as [(Double, String)])
  func durations(seconds: Double, text: String) { #expect(Format.duration(seconds: seconds) == text) }

  @Test(
    "counts",
    arguments: [
      (0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567"), (-12_345, "−12,345"),
      (.min, "−9,223,372,036,854,775,808"),
    ] as [(Int, String)])
  func counts(count: Int, text: String) { #expect(Format.count(count) == text) }

  @Test(
    "money has enough digits",
    arguments: [
      (0, "0"), (0.00123, "0.0012"), (0.0999, "0.100"), (0.5, "0.50"), (3, "3.00"), (12.345, "12.35"),
      (1_234.5, "1,234.50"), (-0.002, "−0.0020"), (1e-30, "0.000000000000"), (.nan, "–"),
    ] as [(Double, String)])
  func money(amount: Double, text: String) { #expect(Format.money(amount) == text) }

  @Test("short numbers", arguments: [(0.1, "0.1"), (1, "1"), (-2.5, "−2.5"), (.infinity, "∞")] as [(Double, String)])
  func short(number: Double, text: String) { #expect(Format.short(number) == text) }
}

@Suite("Text made visible")
struct VisibleTests {
  @Test(
    "has no power over a terminal",
    arguments: [
      ("plain – ünïcödé 👩‍🔬", "plain – ünïcödé 👩‍🔬"), ("\u{1B}[2J\u{7}", "␛[2J␇"), ("a\r\nb\tc\0", "a␍␊b␉c␀"),
      ("\u{7F}\u{9B}31m", "␡\\u{9B}31m"), ("\u{202E}abc\u{2066}\u{200F}", "\\u{202E}abc\\u{2066}\\u{200F}"),
      ("\u{FEFF}\u{AD}\u{2028}\u{FFFE}", "\\u{FEFF}\\u{AD}\\u{2028}\\u{FFFE}"), ("\u{E0041}", "\\u{E0041}"), ("", ""),
    ])
  func signs(text: String, expected: String) {
    #expect(visible(text) == expected)
    #expect(visible(visible(text)) == expected)
  }

  @Test("keeps its lines only where asked")
  func layout() {
    #expect(visible("a\n\tb\r\u{1B}", keepingLayout: true) == "a\n\tb␍␛")
    #expect(visible("a\r\nb", keepingLayout: true) == "a␍\nb")
  }

  @Test("holds no control character whatever went in")
  func everyControl() {
    for value in (0 as UInt32)...0x2FFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      #expect(visible(String(scalar)).unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }
}
