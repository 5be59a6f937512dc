import Agents
import Foundation

/// One page of a browser, and the actions of its reader.
struct Page: Sendable {
  let tools: DevTools
  let session: String

  /// Opens a file in a tab of 1,280 × 900 pixels and waits until it is loaded.
  static func open(_ html: String, hash: String = "", in tools: DevTools, _ folder: URL) async throws -> Page {
    let file = folder.appendingPathComponent("report.html")
    try Data(html.utf8).write(to: file)
    return try await visit(file.absoluteString + hash, in: tools)
  }

  /// Opens an address in a tab of 1,280 × 900 pixels and waits until it is loaded.
  static func visit(_ address: String, in tools: DevTools) async throws -> Page {
    let target = try await tools.call("Target.createTarget", ["url": .text("about:blank")])
    let attached = try await tools.call(
      "Target.attachToTarget", ["targetId": target["targetId"] ?? .null, "flatten": .flag(true)])
    guard case .text(let session)? = attached["sessionId"] else { throw DevTools.Failure(description: attached.json) }
    let page = Page(tools: tools, session: session)
    for domain in ["Page", "Runtime", "Log", "Network"] { _ = try await page.call("\(domain).enable") }
    try await page.resize(width: 1_280, height: 900)
    try await page.navigate(to: address)
    return page
  }

  func call(_ method: String, _ parameters: [String: JSONValue] = [:]) async throws -> JSONValue {
    try await tools.call(method, parameters, session: session)
  }

  func navigate(to url: String) async throws {
    _ = try await call("Page.navigate", ["url": .text(url)])
    // The page itself is asked, since a load event may belong to an earlier page.
    try await wait(for: "document.readyState === 'complete' && location.href !== 'about:blank'")
  }

  /// Waits until an expression is true. The test's time limit bounds the wait.
  func wait(for expression: String) async throws {
    while try await !isTrue(expression) { try await Task.sleep(for: .milliseconds(50)) }
  }

  // MARK: - Looking

  func value(_ expression: String) async throws -> JSONValue {
    let answer = try await call(
      "Runtime.evaluate", ["expression": .text(expression), "returnByValue": .flag(true), "awaitPromise": .flag(true)])
    if let exception = answer["exceptionDetails"] { throw DevTools.Failure(description: exception.json) }
    return answer["result"]?["value"] ?? .null
  }

  func text(_ expression: String) async throws -> String { try await value(expression).shown }

  func isTrue(_ expression: String) async throws -> Bool { try await value(expression) == .flag(true) }

  /// What the page shows of the first element that a selector finds.
  func read(_ selector: String) async throws -> String {
    try await text("document.querySelector(\(JSONValue.text(selector).json))?.innerText ?? '(nothing)'")
  }

  /// The browser's errors, console output and dialogs.
  var complaints: [String] {
    get async {
      await tools.events.filter {
        $0.name == "Log.entryAdded" || $0.name == "Runtime.exceptionThrown" || $0.name == "Runtime.consoleAPICalled"
          || $0.name == "Page.javascriptDialogOpening"
      }.map(\.content.json)
    }
  }

  var requests: [String] {
    get async {
      await tools.events.filter { $0.name == "Network.requestWillBeSent" }
        .compactMap { $0.content.value(at: "request.url")?.shown }
    }
  }

  // MARK: - Doing

  func resize(width: Int, height: Int, isPhone: Bool = false) async throws {
    _ = try await call(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .integer(width), "height": .integer(height), "deviceScaleFactor": .integer(1),
        "mobile": .flag(isPhone),
      ])
  }

  func setColours(_ scheme: String) async throws {
    let feature = JSONValue.object(["name": .text("prefers-color-scheme"), "value": .text(scheme)])
    _ = try await call("Emulation.setEmulatedMedia", ["features": .list([feature])])
  }

  /// Clicks on an element of the picture, at a share of its width from the left.
  func click(_ selector: String, at share: Double = 0.5, shift: Bool = false) async throws {
    let place = try await value(
      """
      (() => { const element = document.querySelector(\(JSONValue.text(selector).json));
        element.scrollIntoView({ block: "center", inline: "center" });
        const box = element.getBoundingClientRect();
        return { x: box.x + box.width * \(share), y: box.y + box.height / 2 }; })()
      """)
    for kind in ["mousePressed", "mouseReleased"] {
      _ = try await call(
        "Input.dispatchMouseEvent",
        [
          "type": .text(kind), "x": place["x"] ?? .null, "y": place["y"] ?? .null, "button": .text("left"),
          "clickCount": .integer(1), "modifiers": .integer(shift ? 8 : 0),
        ])
    }
  }

  /// Writes a picture of the page into the folder that `COXSWAIN_SCREENSHOTS` names, to be looked at.
  func picture(_ name: String) async throws {
    guard let folder = ProcessInfo.processInfo.environment["COXSWAIN_SCREENSHOTS"] else { return }
    let shot = try await call("Page.captureScreenshot", ["format": .text("png")])
    guard let data = Data(base64Encoded: shot["data"]?.shown ?? "") else { return }
    try data.write(to: URL(fileURLWithPath: folder).appendingPathComponent("\(name).png"))
  }

  func type(_ text: String) async throws { _ = try await call("Input.insertText", ["text": .text(text)]) }

  func press(_ key: String, shift: Bool = false, times: Int = 1) async throws {
    let codes = [
      "Enter": 13, " ": 32, "Escape": 27, "Tab": 9, "Home": 36, "End": 35, "ArrowLeft": 37, "ArrowUp": 38,
      "ArrowRight": 39, "ArrowDown": 40,
    ]
    for _ in 0..<times {
      for kind in ["rawKeyDown", "keyUp"] {
        _ = try await call(
          "Input.dispatchKeyEvent",
          [
            "type": .text(kind), "key": .text(key), "code": .text(key == " " ? "Space" : key),
            "windowsVirtualKeyCode": .integer(codes[key] ?? Int(key.uppercased().utf8.first ?? 0)),
            "modifiers": .integer(shift ? 8 : 0),
          ])
      }
    }
  }
}
