import JavaBridge

extension JavaProgram {
  /// TextWorldExpress' simulator. Its worlds share no state: tests compare the jar's classes with that, and games played
  /// in turns with games played alone.
  public static let textWorldExpress = JavaProgram(
    name: "TextWorldExpress", distribution: "textworld-express", version: "1.1.0",
    jar: "textworld_express/textworld-express.jar", files: ["cooking_world.json", "twc_objects.folds.json"],
    needsGateway: true, memory: (standard: 256, least: 32), interface: "textworldexpress.runtime.PythonInterface")
}
