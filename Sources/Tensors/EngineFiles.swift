/// Where MLX and the libraries around it are.
package struct EngineFiles: Sendable, Hashable {
  /// PyPI's MLX: `libmlx.so`.
  package let mlx: String
  /// What `Scripts/native.sh` compiles: the functions that this package calls.
  package let shim: String
  /// Likewise, for products of matrices; nil where MLX has a fast library of its own.
  package let products: String?
  /// A fast library for products of matrices; nil for one of the system, or else MLX's own slow one.
  package let blas: String?

  package init(mlx: String, shim: String, products: String?, blas: String?) {
    (self.mlx, self.shim, self.products, self.blas) = (mlx, shim, products, blas)
  }
}
