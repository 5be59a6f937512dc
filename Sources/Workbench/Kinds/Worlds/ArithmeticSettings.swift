import Agents
import Arithmetic

struct ArithmeticSettings: WorldKind {
  static let name = "arithmetic"
  static let summary = "Sums that are worked line by line."

  let form: ProblemForm

  init(_ yaml: inout YAMLMapping) throws {
    let standard = ProblemForm.standard
    form = ProblemForm(
      terms: try yaml.count("terms", most: 1_000) ?? standard.terms,
      numbers: try yaml.range("numbers") ?? standard.numbers,
      operations: try yaml.choices("operations", Problem.Operation.self) ?? standard.operations)
  }

  func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) throws -> any TaskSuite {
    let world = try Arithmetic.prompting(for: form)
    return try Arithmetic(
      form: form, seed: environment.seed, prompting: environment.prompts.applied(to: world), splits: environment.splits)
  }
}
