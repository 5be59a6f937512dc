import Agents
import Arithmetic

package struct ArithmeticSettings: WorldKind {
  package static let name = "arithmetic"
  package static let summary = "Sums that are worked line by line."

  package let form: ProblemForm

  package init(_ yaml: inout YAMLMapping) throws {
    let standard = ProblemForm.standard
    form = ProblemForm(
      terms: try yaml.count("terms", most: 1_000, default: standard.terms, "how many numbers are in a sum, 2 to 6"),
      numbers: try yaml.range("numbers", default: standard.numbers, "range of the numbers, within `\"0...99\"`"),
      operations: try yaml.choices("operations", default: standard.operations, "what is done with them"))
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let world = try Arithmetic.prompting(for: form)
    return try Arithmetic(
      form: form, seed: environment.seed, prompting: environment.prompts.applied(to: world), splits: environment.splits)
  }
}
