import Agents
import Arithmetic

package struct ArithmeticSettings: WorldKind {
  package static let name = "arithmetic"
  package static let summary = "Sums that are worked line by line."

  package let form: ProblemForm

  package init(_ yaml: inout YAMLMapping) throws {
    let standard = ProblemForm.standard
    form = ProblemForm(
      terms: try yaml.count("terms", most: 1_000) ?? standard.terms,
      numbers: try yaml.range("numbers") ?? standard.numbers,
      operations: try yaml.choices("operations", Problem.Operation.self) ?? standard.operations)
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let world = try Arithmetic.prompting(for: form)
    return try Arithmetic(
      form: form, seed: environment.seed, prompting: environment.prompts.applied(to: world), splits: environment.splits)
  }
}
