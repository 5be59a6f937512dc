import Agents
import CXGBoost

/// Rows in XGBoost's own format (a `DMatrix`), with the margins from which boosting starts.
///
/// XGBoost copies its input, so the arrays may be freed afterwards.
final class FeatureMatrix {
  let rows: Int
  /// Valid while the matrix lives; see ``withHandle(_:)``.
  let handle: DMatrixHandle

  /// - Parameters:
  ///   - rows: at least one.
  ///   - columns: the number of columns, more than any index.
  ///   - baseMargin: the margin before any tree, the same for all rows.
  ///   - labels: the target of each row in 0...1, for training.
  ///   - weights: how often each row counts.
  init(
    _ rows: [FeatureRow], columns: Int, baseMargin: Float, labels: [Float] = [], weights: [Float] = []
  ) throws(CriticError) {
    self.rows = rows.count
    var starts: [UInt64] = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for row in rows {
      indices.append(contentsOf: row.indices)
      values.append(contentsOf: row.values)
      starts.append(UInt64(indices.count))
    }
    var made: DMatrixHandle?
    // One thread, so that results do not depend on the machine.
    try check("build a matrix of \(rows.count) rows") {
      starts.withInterface("<u8") { starts in
        indices.withInterface("<u4") { indices in
          values.withInterface("<f4") { values in
            XGDMatrixCreateFromCSR(
              starts, indices, values, bst_ulong(columns), #"{"missing": NaN, "nthread": 1}"#, &made)
          }
        }
      }
    }
    guard let made else { throw CriticError(.failed, "XGBoost built no matrix and gave no reason.") }
    handle = made

    let margins = rows.map { _ in baseMargin }
    try withHandle { (handle) throws(CriticError) in
      try check("set the base margin") {
        margins.withInterface("<f4") { XGDMatrixSetInfoFromInterface(handle, "base_margin", $0) }
      }
      guard !labels.isEmpty else { return }
      try check("set the labels") {
        labels.withInterface("<f4") { XGDMatrixSetInfoFromInterface(handle, "label", $0) }
      }
      guard !weights.isEmpty else { return }
      try check("set the weights") {
        weights.withInterface("<f4") { XGDMatrixSetInfoFromInterface(handle, "weight", $0) }
      }
    }
  }

  deinit { XGDMatrixFree(handle) }

  /// Keeps the matrix alive while `body` runs. Otherwise ARC could free it while C still uses the handle.
  func withHandle<Result>(_ body: (DMatrixHandle) throws(CriticError) -> Result) throws(CriticError) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(handle)
  }
}

extension Array {
  /// Describes the elements as NumPy's array interface, version 3, in JSON. XGBoost reads them in place.
  fileprivate func withInterface<Result>(
    _ type: String, _ body: (String) -> Result
  ) -> Result {
    withUnsafeBytes { bytes in
      let address = UInt(bitPattern: bytes.baseAddress)
      return body(
        #"{"data": [\#(address), true], "shape": [\#(count)], "typestr": "\#(type)", "version": 3}"#)
    }
  }
}

/// Calls XGBoost and throws an error that names the attempt if the call fails.
func check(_ attempt: @autoclosure () -> String, _ call: () -> Int32) throws(CriticError) {
  // Verbosity is per thread, so it is set for every call.
  XGBSetGlobalConfig(#"{"verbosity": 0}"#)
  guard call() != 0 else { return }
  let text = XGBGetLastError().map { String(cString: $0) } ?? ""
  // The lines after the first are XGBoost's stack trace.
  let reason = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no reason given"
  throw CriticError(.failed, "XGBoost could not \(attempt()): \(reason)")
}
