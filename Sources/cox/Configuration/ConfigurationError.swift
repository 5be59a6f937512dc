/// What is wrong with the configuration or the flags, and what to do about it. Ends the command with exit code 2.
struct ConfigurationError: Error, CustomStringConvertible {
  let message: String

  init(_ message: String) { self.message = message }

  var description: String { message }
}
