import Agents
import Testing

@Suite("reading actions")
struct ReadingTests {
  @Test("every spelling of a ReAct action is read", arguments: ReactSpellings.all)
  func spellings(_ spelling: ReactSpellings.Spelling) {
    let format = ActionFormat.react
    #expect(format.action(in: spelling.answer, choices: nil) == .act("open door"))
    #expect(format.action(in: spelling.answer, choices: ["wait", "open door", "open"]) == .act("open door"))
    #expect(format.action(in: spelling.answer, choices: ["Wait", "Open door"]) == .act("Open door"))
    // An action outside the list of choices does not parse.
    #expect(!format.action(in: spelling.answer, choices: ["wait", "open", "door"]).isParsed)
  }

  @Test("a thought is never read as an action", arguments: ReactSpellings.thoughtsAlone)
  func thoughts(_ spelling: ReactSpellings.Spelling) {
    let answer = spelling.answer
    #expect(ActionFormat.react.action(in: answer, choices: nil) == .unparsable(answer))
    if answer != "open door" {
      #expect(ActionFormat.react.action(in: answer, choices: ["open door", "wait"]) == .unparsable(answer))
      #expect(!ActionFormat.plain.action(in: answer, choices: ["open door", "wait"]).isParsed)
    }
  }

  @Test(
    "what belongs to an action stays",
    arguments: [
      "search[red shoes]", "click[Buy Now]", "get 2 oak planks", "cd ..", "ls *", "wait...", "say \"hello\"", "-5",
      "3.5",
      "{\"row\": 1, \"column\": 2}", "[1, 2]", "put mug 1 in/on desk 1", "SELECT \"a\" FROM t WHERE b = 'c'", "f(x)",
      "go to (1, 2)", "rm -rf _build_", "a -> b", "x < 3 > y", "don't", "Thought", "x = \"Action: y\"",
    ])
  func actionsOfTheirOwn(action: String) {
    #expect(ActionFormat.react.action(in: "Thought: Now.\nAction: \(action)", choices: nil) == .act(action))
    #expect(ActionFormat.plain.action(in: action, choices: nil) == .act(action))
    #expect(ActionFormat.react.action(in: "Action: **\(action)**", choices: [action, "wait"]) == .act(action))
  }

  @Test func anActionOfSeveralLinesStandsInAFenceOrInBrackets() {
    let format = ActionFormat.react
    let query = "SELECT a\nFROM t"
    #expect(format.action(in: "Action:\n```sql\n\(query)\n```\nObservation: 1", choices: nil) == .act(query))
    let object = "{\n  \"row\": 1,\n  \"name\": \"a}b\"\n}"
    #expect(format.action(in: "Action:\n\(object)\n\nDone.", choices: nil) == .act(object))
    #expect(format.action(in: "Action: {open\nthe door", choices: nil) == .act("{open"))
  }

  @Test func aPlainAnswerLosesThoughtsAndTokensAlone() {
    let format = ActionFormat.plain
    for (answer, action) in [
      ("<think>north?</think>\nsouth", "south"), ("north or\n</think>south", "south"), ("south<|im_end|>", "south"),
      ("**south**", "**south**"), ("<b>south</b>", "<b>south</b>"), (" two\nlines ", "two\nlines"),
      ("\"south\".", "\"south\"."),
    ] {
      #expect(format.action(in: answer, choices: nil) == .act(action))
    }
    for answer in ["<think>north", "<think>north</think>", "<|im_end|>"] {
      #expect(format.action(in: answer, choices: nil) == .unparsable(answer))
    }
  }

  @Test func aCallInAThoughtIsNone() {
    let tools = [ActionTool.act(choices: nil)]
    func call(_ action: String) -> String { ToolCall(name: "act", arguments: ["action": action]).text() }
    let format = ActionFormat.tools
    #expect(
      format.action(in: "<think>\(call("wait"))</think>\(call("look"))", choices: nil, tools: tools) == .act("look"))
    #expect(!format.action(in: "<think>\(call("wait"))", choices: nil, tools: tools).isParsed)
    let imagined = "\(call("look"))\n<tool_response>seen</tool_response>\n\(call("wait"))"
    #expect(format.action(in: imagined, choices: nil, tools: tools) == .act("look"))
    #expect(format.action(in: call("**Look**."), choices: ["look", "wait"], tools: tools) == .act("look"))
    #expect(format.action(in: call("**Look**."), choices: nil, tools: tools) == .act("**Look**."))
  }

  @Test(
    "a hostile answer takes no longer than its length",
    arguments: [
      "(", "*", "`", "Action:\n", "Action ", "A ", "<think>", "[", "<|", "\"", "Observation:\n", "{\"", ". Action: ",
      "1. ",
    ])
  func hostile(piece: String) {
    let answer = String(repeating: piece, count: 8_000)
    let clock = ContinuousClock()
    let time = clock.measure {
      for format in ActionFormat.allCases {
        _ = format.action(in: answer, choices: nil)
        _ = format.action(in: answer, choices: ["open door", "wait"])
        _ = format.thought(in: answer, action: .act(""))
      }
    }
    // In a debug build, linear parsing takes tenths of a second and quadratic parsing takes minutes.
    #expect(time < .seconds(60))
  }
}

@Suite("choices")
struct ChoiceReadingTests {
  private static func read(_ answer: String, _ choices: [String], _ format: ActionFormat = .plain) -> String? {
    let action = format.action(in: answer, choices: choices)
    return action.isParsed ? action.text : nil
  }

  @Test(
    "decoration, case and final punctuation do not matter",
    arguments: [
      "dark blue", "Dark blue", "DARK BLUE", " dark blue\n", "dark blue.", "dark blue!", "dark blue,", "dark blue。",
      "**dark blue**", "`dark blue`", "\"dark blue\"", "“Dark blue.”", "[dark blue]", "(dark blue)", "- dark blue",
      "* dark blue", "```\ndark blue\n```", "dark blue<|im_end|>", "dark blue</s>", "<think>red</think>dark blue",
      "red? no.</think>\ndark blue", "[THINK]red[/THINK]dark blue", "Action: dark blue", "**Action:** dark blue",
      "Thought: not red.\nAction: dark blue", "dark blue\nObservation: it is painted", "{\"action\": \"dark blue\"}",
      "{\"choice\": \"dark blue\"}", "<answer>dark blue</answer>",
    ])
  func tolerance(answer: String) {
    for format in [ActionFormat.plain, .react] {
      #expect(Self.read(answer, ["red", "Dark blue", "blue", "dark"], format) == "Dark blue")
    }
  }

  @Test(
    "what names none is none",
    arguments: [
      "", "blu", "light blue", "dark  blue", "dark blue or red", "red, dark blue", "not dark blue", "~~dark blue~~",
      "dark blue?", "I choose dark blue", "red\ndark blue", "1", "Action: green", "<think>dark blue</think>",
    ])
  func strictness(answer: String) {
    for format in [ActionFormat.plain, .react] { #expect(Self.read(answer, ["red", "Dark blue"], format) == nil) }
  }

  @Test func theClosestChoiceIsMeantAndNeverOneOfTwo() {
    #expect(Self.read("RED", ["Red", "red"]) == nil)
    #expect(Self.read("red", ["Red", "red"]) == "red")
    #expect(Self.read("red.", ["red", "red."]) == "red.")
    #expect(Self.read("**red.**", ["red", "red."]) == "red.")
    #expect(Self.read("RED!", ["red.", "Red,"]) == nil)
    #expect(Self.read("[a]", ["a", "[a]"]) == "[a]")
    #expect(Self.read("**[a]**", ["a", "[a]"]) == "[a]")
    #expect(Self.read("a", ["`a`", "b"]) == "`a`")
    #expect(Self.read("a", ["`a`", "**a**"]) == nil)
    #expect(Self.read("- 5", ["5", "-5"]) == nil)
    #expect(Self.read("-5", ["5", "-5"]) == "-5")
    #expect(Self.read("*", ["*", "**"]) == "*")
    #expect(Self.read("...", [".", "..."]) == "...")
    #expect(Self.read("red", ["red", "red"]) == "red")
    #expect(Self.read("red", []) == nil)
    #expect(Self.read("search[a b]", ["search[a b]", "search"]) == "search[a b]")
    #expect(Self.read("go north", ["go north", "go north-east"]) == "go north")
  }
}

@Suite("thoughts")
struct ThoughtTests {
  @Test(
    "what is said besides the action is the thought, however it is marked",
    arguments: [
      ("Thought: It is shut.\nAction: open", "It is shut."),
      ("**Thought:** It is shut.\n\n**Action:** open", "It is shut."),
      ("It is shut.\nAction: open", "It is shut."),
      ("<think>Hm.</think>\nThought: It is shut.\nAction: open", "Hm.\nIt is shut."),
      ("Hm.</think>Action: open", "Hm."), ("{\"thought\": \"It is shut.\", \"action\": \"open\"}", "It is shut."),
      ("Thought: It is shut. Action: open\nObservation: x", "It is shut."),
    ])
  func besides(answer: String, thought: String) {
    let action = ActionFormat.react.action(in: answer, choices: nil)
    #expect(action == .act("open"))
    #expect(ActionFormat.react.thought(in: answer, action: action) == thought)
  }

  @Test func aPlainAnswerHasTheThoughtsThatAreMarked() {
    #expect(ActionFormat.plain.thought(in: "<think>Hm.</think>open", action: .act("open")) == "Hm.")
    #expect(ActionFormat.plain.thought(in: "open", action: .act("open")) == nil)
  }
}
