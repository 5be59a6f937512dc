// swift-tools-version: 6.2
import PackageDescription

// A package as a user would write it: it imports Coxswain by path and turns no trait on.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "coxswain", path: "../..")],
  targets: [.executableTarget(name: "Consumer", dependencies: [.product(name: "Coxswain", package: "coxswain")])],
  swiftLanguageModes: [.v6]
)
