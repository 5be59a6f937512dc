/// The program's version, and its name in requests.
package enum ProductVersion {
  package static let number = "0.1.0"

  /// The User-Agent of every request.
  package static let userAgent = "coxswain/\(number)"
}
