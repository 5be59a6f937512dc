import Agents
import Foundation
import Testing

@Suite("Tokens that no server reported are estimated from the text")
struct UsageEstimateTests {
  static func request(_ text: String = "Which colour?") -> PolicyRequest {
    PolicyRequest(
      transcript: Transcript(entries: [.prompt(text)]), seed: Seed(1),
      key: CallKey(run: "r", task: "t", particle: 0, step: 0))
  }

  // The ranges cover the counts of three public tokenizers (cl100k, o200k, Anthropic's) for the same text.
  @Test(
    "Within what tokenizers differ by",
    arguments: [
      ("We have coat, scarf, dress, shirt. I want two medium green leather dress, so I pick the item dress", 24...28),
      (#"{"name": "craft", "arguments": {"command": "craft 1 gold ingot using 9 gold nugget"}}"#, 20...36),
      ("今天的天气很好，我们去公园散步吧。你想要什么颜色的衣服？", 18...38),
      ("3f2b8c1e-9d4a-4b7e-8f6a-2c5d1e0b9a7f", 25...40), ("", 0...0), ("red", 1...1), ("\n\n\n", 1...1),
    ])
  func estimates(text: String, range: ClosedRange<Int>) {
    #expect(range.contains(Usage.estimatedTokens(in: text)), "\(Usage.estimatedTokens(in: text))")
  }

  @Test("Both sides, where nothing was reported")
  func nothingReported() {
    let answer = PolicyResponse("I pick red.", reasoning: "The customer said red, I think.")
    let usage = [answer].estimatingUsage(for: Self.request())[0].usage
    #expect(usage.inputTokens >= 3 && usage.outputTokens >= 8)
    #expect(usage.reasoningTokens > 0 && usage.reasoningTokens < usage.outputTokens)
    #expect(usage.estimatedTokens == usage.totalTokens)
  }

  @Test("One side, where the other was reported, and nothing where both were")
  func partlyReported() {
    let input = [PolicyResponse("I pick red.", usage: Usage(inputTokens: 40))].estimatingUsage(for: Self.request())[0]
      .usage
    #expect(input.inputTokens == 40 && input.outputTokens > 0 && input.estimatedTokens == input.outputTokens)
    let output = [PolicyResponse("red", usage: Usage(outputTokens: 5))].estimatingUsage(for: Self.request())[0].usage
    #expect(output.outputTokens == 5 && output.inputTokens > 0 && output.estimatedTokens == output.inputTokens)
    let both = Usage(inputTokens: 40, outputTokens: 1)
    #expect([PolicyResponse("red", usage: both)].estimatingUsage(for: Self.request())[0].usage == both)
    // An empty answer has no tokens to estimate.
    let empty = [PolicyResponse("", usage: Usage(inputTokens: 40))].estimatingUsage(for: Self.request())[0].usage
    #expect(empty == Usage(inputTokens: 40))
  }

  @Test("Of several answers to one prompt the input is counted once, and as saved for the others")
  func shared() {
    let answers = ["red", "green", "blue"].map { PolicyResponse($0) }.estimatingUsage(for: Self.request())
    let input = answers[0].usage.inputTokens
    #expect(input > 0 && answers[0].usage.savedInputTokens == 0)
    #expect(answers.dropFirst().allSatisfy { $0.usage.inputTokens == 0 && $0.usage.savedInputTokens == input })
    let sum = answers.reduce(Usage()) { $0 + $1.usage }
    #expect(sum.estimatedTokens == sum.totalTokens && sum.outputTokens == 3)
    // A second estimate of each answer by itself adds nothing.
    for answer in answers { #expect([answer].estimatingUsage(for: Self.request()) == [answer]) }
    // A server may report fewer output tokens than answers. That is a complete report.
    let shares = [
      PolicyResponse("red", usage: Usage(inputTokens: 9, outputTokens: 1)),
      PolicyResponse("red", usage: Usage(savedInputTokens: 9)),
    ]
    #expect(shares.estimatingUsage(for: Self.request()) == shares)
    #expect([shares[1]].estimatingUsage(for: Self.request()) == [shares[1]])
  }

  @Test("A recording of an earlier version, which estimated nothing, is read")
  func earlierRecording() throws {
    let json = """
      {"inputTokens":9,"cachedInputTokens":0,"cacheWriteTokens":0,"outputTokens":2,"reasoningTokens":0,"savedInputTokens":3}
      """
    let usage = try JSONDecoder().decode(Usage.self, from: Data(json.utf8))
    #expect(usage == Usage(inputTokens: 9, outputTokens: 2, savedInputTokens: 3))
    let estimated = Usage(inputTokens: 4, estimatedTokens: 4)
    #expect(try JSONDecoder().decode(Usage.self, from: JSONEncoder().encode(estimated)) == estimated)
  }
}

@Suite("Names of tasks, and what files are")
struct NameTests {
  @Test("Names are compared by their bytes, as the store compares them")
  func bytes() {
    let (one, two) = (TaskID("caf\u{e9}"), TaskID("cafe\u{301}"))
    // Swift's `==` for strings holds here.
    #expect(one.rawValue == two.rawValue)
    #expect(one != two && Set([one, two, one]).count == 2)
    #expect([one, two].sorted() == [two, one])
    #expect([one, two].firstRepeated == nil && [one, two, one].firstRepeated == one)
    #expect([one: 1, two: 2][two] == 2)
  }

  @Test func formsOfFiles() {
    func form(_ bytes: [UInt8]) -> FileForm? { FileForm(bytes) }
    #expect(form(Array("version https://git-lfs.github.com/spec/v1\noid sha256:00".utf8)) == .lfsPointer)
    #expect(form([0xff, 0xfe, 0x65, 0x00]) == .utf16 && form([0xfe, 0xff, 0x00, 0x65]) == .utf16)
    #expect(form([0x65, 0, 0x6e, 0, 0x76, 0]) == .utf16 && form([0, 0x65, 0, 0x6e]) == .utf16)
    #expect(form([0x1f, 0x8b, 8]) == .gzip)
    for plain in ["environment: {}", "", "a", "SQLite format 3\0", "GGUF\u{3}\0\0\0", "ab\0\0"] {
      #expect(form(Array(plain.utf8)) == nil, "\(plain)")
    }
    #expect(form([0, 0, 0, 0]) == nil)
  }
}
