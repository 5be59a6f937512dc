import Foundation

// A world in Swift: count a number down to zero. It uses Coxswain's process protocol on standard input and output.

struct Question: Decodable {
  let id: Int
  let op: String
  let episode: Int?
  let task: String?
  let action: String?
  let snapshot: Int?
}

struct Answer: Encodable {
  var id: Int
  var name: String?
  var tasks: [String: [String]]?
  var stepLimit: Int?
  var maximalReward: Double?
  var instructions: String?
  var snapshots: Bool?
  var observation: String?
  var choices: [String]?
  var reward: Double?
  var done: Bool?
  var invalid: Bool?
  var snapshot: Int?
}

var episodes: [Int: Int] = [:]

while let line = readLine() {
  let question = try JSONDecoder().decode(Question.self, from: Data(line.utf8))
  var answer = Answer(id: question.id)
  let episode = question.episode ?? 0
  switch question.op {
  case "hello":
    (answer.name, answer.stepLimit, answer.maximalReward, answer.snapshots) = ("countdown", 6, 1, true)
    answer.instructions = "Bring the number to exactly 0."
    answer.tasks = ["train": (10..<20).map(String.init), "test": (20..<24).map(String.init)]
  case "reset": episodes[episode] = Int(question.task ?? "")
  case "restore": episodes[episode] = question.snapshot
  case "snapshot": answer.snapshot = episodes[episode]
  case "close": episodes[episode] = nil
  default:
    let amount = ["take 1": 1, "take 3": 3, "halve": (episodes[episode] ?? 0) / 2][question.action ?? ""]
    answer.invalid = amount == nil
    episodes[episode, default: 0] -= amount ?? 0
    answer.done = (episodes[episode] ?? 0) <= 0
    answer.reward = episodes[episode] == 0 ? 1 : 0
  }
  if question.op == "reset" || question.op == "step" {
    answer.observation = "The number is \(episodes[episode] ?? 0)."
    answer.choices = ["take 1", "take 3", "halve"]
  }
  try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(answer) + Data("\n".utf8))
}
