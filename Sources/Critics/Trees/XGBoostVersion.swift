import CXGBoost

extension TreesCritic {
  /// The version of the XGBoost library that is linked, such as `1.7.4`.
  public static var libraryVersion: String {
    var (major, minor, patch) = (CInt(0), CInt(0), CInt(0))
    XGBoostVersion(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }
}
