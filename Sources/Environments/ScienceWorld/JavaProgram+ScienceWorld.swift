import JavaBridge

extension JavaProgram {
  /// ScienceWorld's simulator. Its worlds get their own copies of what it keeps once a process; see ``Singletons``.
  public static let scienceWorld = JavaProgram(
    name: "ScienceWorld", distribution: "scienceworld", version: Catalogue.version,
    jar: "scienceworld/scienceworld.jar",
    memory: (standard: 1024, least: 128), interface: "scienceworld.runtime.pythonapi.PythonInterface",
    contexts: { connection throws(Py4JFailure) in
      let singletons = try await Singletons.find(connection)
      return { () async throws(Py4JFailure) in try await singletons.made() }
    })
}
