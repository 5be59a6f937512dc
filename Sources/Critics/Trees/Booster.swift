import Agents
import CXGBoost
import Synchronization

/// Gradient-boosted trees for one number in 0...1 (`reg:logistic`), through XGBoost's C interface (Chen and Guestrin,
/// KDD 2016; arXiv 1603.02754).
///
/// XGBoost's handles are not safe for use by several threads, so each call holds a lock; predictions are copied out
/// before it is released.
final class Booster: Sendable {
  private let handle: Mutex<Handle>

  // Unchecked: the lock guards the only copy.
  private struct Handle: @unchecked Sendable {
    let pointer: BoosterHandle
  }

  /// - Parameter cached: matrices whose predictions XGBoost updates incrementally after each round.
  private init(cached: [FeatureMatrix]) throws(CriticError) {
    defer { withExtendedLifetime(cached) {} }
    var made: BoosterHandle?
    let matrices: [DMatrixHandle?] = cached.map(\.handle)
    try check("create a booster") { XGBoosterCreate(matrices, bst_ulong(matrices.count), &made) }
    guard let made else { throw CriticError(.failed, "XGBoost created no booster and gave no reason.") }
    handle = Mutex(Handle(pointer: made))
  }

  deinit { handle.withLock { _ = XGBoosterFree($0.pointer) } }

  /// A booster without trees.
  convenience init(
    settings: TreesCritic.Settings, seed: Seed, cached: [FeatureMatrix]
  ) throws(CriticError) {
    try self.init(cached: cached)
    try set([
      ("objective", "reg:logistic"),
      ("tree_method", "hist"),
      ("max_bin", "64"),
      ("max_depth", "\(settings.depth)"),
      ("eta", "\(settings.learningRate)"),
      ("min_child_weight", "\(settings.minimumChildWeight)"),
      ("lambda", "\(settings.lambda)"),
      ("subsample", "\(settings.rowSample)"),
      ("colsample_bytree", "\(settings.columnSample)"),
      ("seed", "\(seed.rawValue >> 33)"),
      // Otherwise the random numbers would depend on earlier training in the same thread.
      ("seed_per_iteration", "true"),
      ("disable_default_eval_metric", "true"),
    ])
  }

  /// A booster from the text of ``model()``. The text must have passed
  /// ``BoosterModel/check(_:columns:rounds:)``: XGBoost checks neither for cycles nor for children that do not
  /// exist.
  ///
  /// - Throws: `CriticError` of kind `unreadable` if XGBoost rejects the trees.
  convenience init(model: String) throws(CriticError) {
    try self.init(cached: [])
    var model = model
    do {
      try locked { (booster) throws(CriticError) in
        try check("read the trees") {
          model.withUTF8 { XGBoosterLoadModelFromBuffer(booster, $0.baseAddress, bst_ulong($0.count)) }
        }
      }
    } catch {
      throw CriticError(.unreadable, "\(error.message). Train the critic again.")
    }
    try set([])
  }

  /// Grows one tree. Rounds count from 0.
  func update(round: Int, on matrix: FeatureMatrix) throws(CriticError) {
    try matrix.withHandle { (rows) throws(CriticError) in
      try locked { (booster) throws(CriticError) in
        try check("grow the tree of round \(round)") { XGBoosterUpdateOneIter(booster, Int32(round), rows) }
      }
    }
  }

  /// The margin (log-odds) of each row, the base margin included.
  ///
  /// - Parameter rounds: uses the trees of the first rounds only; nil for all.
  func margins(of matrix: FeatureMatrix, rounds: Int? = nil) throws(CriticError) -> [Float] {
    let options = """
      {"type": 1, "training": false, "iteration_begin": 0, "iteration_end": \(rounds ?? 0), "strict_shape": true}
      """
    return try matrix.withHandle { (rows) throws(CriticError) in
      try locked { (booster) throws(CriticError) in
        var shape: UnsafePointer<bst_ulong>?
        var dimensions: bst_ulong = 0
        var result: UnsafePointer<Float>?
        try check("predict \(matrix.rows) rows") {
          XGBoosterPredictFromDMatrix(booster, rows, options, &shape, &dimensions, &result)
        }
        guard let shape, let result, dimensions == 2, shape[0] == matrix.rows, shape[1] == 1 else {
          throw CriticError(.failed, "XGBoost's predictions are not of \(matrix.rows) numbers.")
        }
        return Array(UnsafeBufferPointer(start: result, count: matrix.rows))
      }
    }
  }

  /// The trees as XGBoost's JSON.
  func model() throws(CriticError) -> String {
    try locked { (booster) throws(CriticError) in
      var length: bst_ulong = 0
      var bytes: UnsafePointer<CChar>?
      try check("write the trees") {
        XGBoosterSaveModelToBuffer(booster, #"{"format": "json"}"#, &length, &bytes)
      }
      return UnsafeRawBufferPointer(start: bytes, count: Int(length)).withMemoryRebound(to: UInt8.self) {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  private func set(_ parameters: [(name: String, value: String)]) throws(CriticError) {
    try locked { (booster) throws(CriticError) in
      for (name, value) in [("verbosity", "0"), ("nthread", "1")] + parameters {
        try check("set \(name) to \(value)") { XGBoosterSetParam(booster, name, value) }
      }
    }
  }

  private func locked<Result: Sendable>(
    _ body: (BoosterHandle) throws(CriticError) -> Result
  ) throws(CriticError) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try handle.withLock { (handle) throws(CriticError) in try body(handle.pointer) }
  }
}
