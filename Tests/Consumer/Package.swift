// swift-tools-version: 6.2
import PackageDescription

// A user's package. It imports Coxswain by path and enables no trait.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "coxswain", path: "../..")],
  targets: [.executableTarget(name: "Consumer", dependencies: [.product(name: "Coxswain", package: "coxswain")])],
  swiftLanguageModes: [.v6]
)
