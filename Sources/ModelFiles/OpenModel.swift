import Foundation

/// A model with open weights, read and checked: a GGUF file or a Hugging Face folder.
package struct OpenModel: Sendable {
  package let path: String
  package let configuration: ModelConfiguration
  /// Every tensor of `configuration.expectedShapes`, in its shape.
  package let weights: any WeightFile
  package let tokenizer: Tokenizer
  /// Nil if the model has no template or an unsupported one.
  package let chatTemplate: ChatTemplate?
  /// Why the model's template is not used; nil if it is used or there is none.
  package let chatTemplateError: ModelFileError?

  /// Opens the model at `path`. Weights are read on demand; everything else is checked now.
  ///
  /// - Parameter path: a `.gguf` file, or a folder with config.json, tokenizer.json and safetensors.
  package static func open(_ path: String) throws(ModelFileError) -> OpenModel {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ModelFileError(
        .unreadable, path, "There is nothing here. Give a .gguf file, or a folder with config.json and safetensors.")
    }
    return isFolder.boolValue ? try OpenModel(folder: path) : try OpenModel(gguf: path)
  }

  private init(gguf path: String) throws(ModelFileError) {
    let file = try GGUFFile(contentsOf: path)
    let tokenizer = try Tokenizer(file)
    let configuration = try ModelConfiguration(file, tokenizer: tokenizer)
    let end = file.metadata["tokenizer.ggml.eos_token_id"]?.integer
    let texts = (configuration.beginToken, end)
    try self.init(
      path, configuration, try GGUFWeights(file), tokenizer,
      template: file.metadata["tokenizer.chat_template"]?.string,
      beginText: texts.0.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) },
      endText: texts.1.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) })
  }

  private init(folder: String) throws(ModelFileError) {
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    let tokenizer = try Tokenizer(contentsOf: root.appendingPathComponent("tokenizer.json").path)
    let configuration = try ModelConfiguration(folder: folder, tokenizer: tokenizer)
    let settings = root.appendingPathComponent("tokenizer_config.json").path
    let texts = MappedFile.exists(settings) ? try JSON(contentsOf: settings) : .null
    try self.init(
      folder, configuration, try SafetensorsFolder(contentsOf: folder), tokenizer,
      template: try OpenModel.template(in: root, texts),
      beginText: TextTokens.text(texts["bos_token"]), endText: TextTokens.text(texts["eos_token"]))
  }

  private init(
    _ path: String, _ configuration: ModelConfiguration, _ weights: any WeightFile, _ tokenizer: Tokenizer,
    template: String?, beginText: String?, endText: String?
  ) throws(ModelFileError) {
    guard tokenizer.count <= configuration.vocabulary else {
      throw ModelFileError(
        .inconsistent, path,
        "The tokenizer has \(tokenizer.count) tokens, and the model only \(configuration.vocabulary).")
    }
    try configuration.check(weights, path: path)
    var known: ChatTemplate?
    var reason: ModelFileError?
    if let template {
      do throws(ModelFileError) {
        known = try ChatTemplate(jinja: template, beginText: beginText, endText: endText, path: path)
      } catch {
        reason = error
      }
    }
    self.path = path
    self.configuration = configuration
    self.weights = weights
    self.tokenizer = tokenizer
    chatTemplate = known
    chatTemplateError = reason
  }

  /// The template from a file of its own or from the tokenizer's settings, which hold one template or a list of named
  /// ones.
  private static func template(in root: URL, _ settings: JSON) throws(ModelFileError) -> String? {
    let file = root.appendingPathComponent("chat_template.jinja").path
    if MappedFile.exists(file) {
      return String(decoding: try MappedFile.open(file, limit: 1 << 20), as: UTF8.self)
    }
    let template = settings["chat_template"]
    return template?.string ?? template?.array?.first { $0["name"]?.string == "default" }?["template"]?.string
  }
}
