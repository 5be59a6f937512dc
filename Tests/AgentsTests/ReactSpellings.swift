/// Spellings of one ReAct action, "open door", as models and servers write it.
enum ReactSpellings {
  struct Spelling: Sendable, CustomStringConvertible {
    let answer: String
    init(_ answer: String) { self.answer = answer }
    var description: String { String(answer.replacing("\n", with: "⏎").prefix(90)) }
  }

  static let thought = "Thought: The door is shut. I need the key first."

  /// Each spelling contains a thought and the action.
  static let all = (plain + decorated + markers + fenced + ended + thinking + imagined + inline + structured)
    .map(Spelling.init)

  private static func said(_ action: String) -> String { "\(thought)\n\(action)" }

  private static let plain = [
    "Action: open door", "Action:open door", "Action : open door", "Action:\topen door", "  Action: open door  ",
    "\nAction: open door\n", "Action:\nopen door", "Action:\n\n  open door", "Action: open door.",
    "Action: open door\r\n",
    "ACTION: open door", "action: open door", "Action： open door", "Action：open door", "Action -> open door",
    "Action => open door", "Action = open door",
  ].map(said)

  private static let decorated = [
    "Action: **open door**", "Action: *open door*", "Action: __open door__", "Action: _open door_",
    "Action: `open door`", "Action: ``open door``", "Action: \"open door\"", "Action: 'open door'",
    "Action: “open door”",
    "Action: ‘open door’", "Action: «open door»", "Action: 「open door」", "Action: [open door]", "Action: (open door)",
    "Action: <open door>", "Action: {open door}", "Action: [`open door`]", "Action: **`open door`**",
    "Action: \"open door\".", "Action: **open door**.", "Action: \"**open door**.\"", "Action: ['open door']",
    "Action: \\boxed{open door}", "Action:\n- open door", "Action:\n* open door", "Action:\n• open door",
    "Action:\n> open door", "Action:\n**open door**", "Action: <action>open door</action>",
  ].map(said)

  private static let markers = [
    "**Action:** open door", "**Action**: open door", "**Action:**open door", "**Action: open door**",
    "**Action: ** open door", "**Action: **open door", "**Action:** `open door`", "**Action:** **open door**",
    "**Action:**\nopen door", "**Action**\nopen door", "*Action:* open door", "*Action*: open door",
    "__Action:__ open door", "_Action_: open door", "***Action:*** open door", "`Action:` open door",
    "`Action: open door`",
    "# Action: open door", "## Action\nopen door", "### Action\n\nopen door", "### Action:\nopen door",
    "### **Action:** open door", "> Action: open door", "> **Action:** open door", "- Action: open door",
    "* Action: open door", "* **Action:** open door", "- **Action**: open door", "2. Action: open door",
    "2) **Action:** open door", "Action 1: open door", "Action #1: open door", "Action [1]: open door",
    "Action (1): open door", "Action1: open door", "**Action 1:** open door", "**Action 1**: open door",
    "\"Action:\" open door", "\"Action: open door\"", "[Action] open door", "[Action]: open door",
    "[Action: open door]",
    "[ACTION] open door [/ACTION]", "<action>open door</action>", "<action>\nopen door\n</action>",
    "<Action>open door</Action>", "(Action: open door)", "Next Action: open door", "Final Action: open door",
    "My next action: open door", "Chosen action: open door", "Step 2: Action: open door", "🎬 Action: open door",
    "➡️ **Action:** open door", "【Action】：open door", "Action\nopen door",
  ].map(said)

  private static let fenced =
    [
      "Action: ```open door```", "Action:\n```\nopen door\n```", "Action: ```\nopen door\n```",
      "Action:\n```text\nopen door\n```", "Action:\n```bash\nopen door\n```", "**Action:**\n```\nopen door\n```",
      "Action:\n```\nopen door", "```\nAction: open door\n```", "```text\nAction: open door\n```",
    ].map(said) + ["```\n\(thought)\nAction: open door\n```", "```markdown\n\(thought)\n\n**Action:** open door\n```"]

  private static let ended = [
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "</s>", "<eos>", "<end_of_turn>",
    "<|end|>", "<|eot|>", "<|end_of_turn|>", "<|END_OF_TURN_TOKEN|>", "<｜end▁of▁sentence｜>", "<|return|>",
    " [/INST]", "\n<|im_start|>user\nObservation: it opens",
    "<|im_end|>\n<|im_start|>user\nYou may go on.\nAction: wait",
    "\n<|user|>\nwhat next?", "<|observation|>\nThe door opens.\nAction: wait",
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAction: wait",
  ].map { said("Action: open door" + $0) }

  private static let thinking = [
    "<think>I could try Action: wait</think>\n\(said("Action: open door"))",
    "<think>\nAction: wait\n</think>\nAction: open door",
    "Hm.\nAction: wait\nNo.\n</think>\n\nAction: open door",
    "Perhaps Action: wait</think>Action: open door",
    "[THINK]Action: wait[/THINK]Action: open door",
    "Action: wait[/THINK]\nAction: open door",
    "<thinking>Action: wait</thinking>\n<action>open door</action>",
    "<thought>Action: wait</thought>\nAction: open door",
    "<reasoning>\nAction: wait\n</reasoning>\n**Action:** open door",
    "◁think▷Action: wait◁/think▷Action: open door",
    "<seed:think>Action: wait</seed:think>Action: open door",
    "<|begin_of_thought|>Action: wait<|end_of_thought|>Action: open door",
    "<|START_THINKING|>Action: wait<|END_THINKING|>Action: open door",
    "<think>a</think>\nThought: b\n<think>Action: wait</think>\nAction: open door",
    "<think>a <think>Action: wait</think> c\nAction: wait</think>\nAction: open door",
    "<|channel|>analysis<|message|>Action: wait<|end|><|start|>assistant<|channel|>final<|message|>Action: open door<|return|>",
    "<|im_start|>assistant\n\(thought)\nAction: open door<|im_end|>",
    "<s>\(thought)\nAction: open door</s>",
    "<｜Assistant｜>\(thought)\nAction: open door",
    "Reasoning: it is shut.\nAction: open door",
    "Thought 1: it is shut.\nAction 1: open door",
    "**Thought:** Earlier the action: wait did nothing.\n**Action:** open door",
    "Thought: \"Action: wait\" did nothing.\nAction: open door",
  ]

  private static let imagined =
    [
      "Action: open door\nObservation: It opens.",
      "Action: open door\n\nObservation: It opens.\nThought: Go.\nAction: wait",
      "Action: open door\nObservation:\nIt opens.\n\nAction: wait",
      "Action: open door\n**Observation:** It opens.\nAction: wait",
      "Action: open door\nObservation 1: It opens.\nAction 2: wait",
      "Action: open door\n### Observation\nIt opens.\nAction: wait",
      "Action: open door\nAction: wait", "Action: open door Observation: It opens.",
      "Action: open door Thought: It opens.", "Action 1: open door Action 2: wait",
      "Action:\nThought: hm\nAction: open door\nObservation: It opens.", "Action: open door\n\nThis opens the door.",
      "Action: open door\nAction Input: none", "Action: open door\n(The door should open.)",
    ].map(said) + [
      "Observation: The door is shut.\n\(thought)\nAction: open door\nObservation: It opens.\nAction: wait"
    ]

  private static let inline = [
    "\(thought) Action: open door", "\(thought) **Action:** open door", "\(thought) `Action:` open door",
    "\(thought) ACTION: open door", "\(thought) Action: open door Observation: It opens. Action: wait",
    "\(thought) Action: open door\nObservation: It opens.\nAction: wait", "\(thought) <action>open door</action>",
    "\(thought) Action:\nopen door", "\(thought) | Action: open door",
    "Sure! Here is what I do. Action: open door",
  ]

  private static let structured = [
    "{\"thought\": \"It is shut.\", \"action\": \"open door\"}",
    "```json\n{\n  \"thought\": \"It is shut.\",\n  \"action\": \"open door\"\n}\n```",
    "{\"Thought\": \"It is shut.\", \"Action\": \"open door\"}",
  ]

  /// Answers that think about an action without taking it.
  static let thoughtsAlone = [
    "", "  \n", "Action:", "Action:   \n", "**Action:**", "open door", "\u{1B}[2J", thought,
    "Thought: I could take the Action: open door", "Thought: I might open the door",
    "Thought: the action: open door is best",
    "<think>\nAction: open door", "<think>Action: open door</think>", "Action: open door\n</think>",
    "[THINK]Action: open door", "[THINK]Action: open door[/THINK]\nI am not sure.",
    "<|channel|>analysis<|message|>Action: open door", "Action:\nThought: I do not know.",
    "Action:\nObservation: It opens.",
    "Previous action: open door", "Possible actions: open door, wait", "Available actions:\nopen door",
    "Reaction: open door",
    "Transaction: open door", "Actions speak louder than words: open door", "Action movies: open door",
    "Thought: Action is needed.", "</action>\nopen door",
  ].map(Spelling.init)
}
