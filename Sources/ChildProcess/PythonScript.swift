/// A script that is handed to Python as an argument.
package enum PythonScript {
  /// The arguments of Python that run the script with its own arguments.
  ///
  /// `python -c` looks for modules in the working folder first. What lies there must not be taken for a package.
  package static func arguments(_ script: String, _ own: String...) -> [String] {
    ["-c", "import sys\nsys.path[:] = [path for path in sys.path if path]\n" + script] + own
  }
}
