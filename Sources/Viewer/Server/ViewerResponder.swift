import Agents
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RolloutStore
import Synchronization

/// Answers one request of a browser.
struct ViewerResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  /// The port is known only once the server runs.
  final class Port: Sendable { let number = Mutex(0) }

  let store: ViewedStore
  let token: String
  let port: Port

  func respond(to request: Request, context: Context) async throws -> Response {
    let keeper = Gatekeeper(token: token, port: port.number.withLock(\.self))
    let path = request.uri.path
    let query = Query(request.uri.query)
    let verdict = keeper.verdict(
      path: path, host: request.head.authority, site: Self.header("Sec-Fetch-Site", of: request),
      cookies: request.headers[.cookie], offered: query["token"])
    switch verdict {
    case .refused(let reason): return Self.text(.forbidden, reason)
    case .enter:
      var response = Response(status: .seeOther, headers: [.location: "/", .setCookie: keeper.cookie])
      Self.protect(&response)
      return response
    case .admitted: break
    }
    guard request.method == .get || request.method == .head else {
      return Self.text(.methodNotAllowed, "The page only reads.")
    }
    if path == "/api/events" { return await events() }
    if path.hasPrefix("/api/") { return await answer(String(path.dropFirst("/api/".count)), query) }
    guard let file = PageFiles.file(path) else { return Self.text(.notFound, "There is no \(path) here.") }
    var response = Response(
      status: .ok, headers: [.contentType: file.type], body: ResponseBody(byteBuffer: ByteBuffer(string: file.text)))
    Self.protect(&response)
    return response
  }

  // MARK: - JSON

  private func answer(_ name: String, _ query: Query) async -> Response {
    do {
      guard let json = try await store.answer(name, query) else {
        return Self.problem(.notFound, "There is no \(name) here.")
      }
      var response = Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
      Self.protect(&response)
      return response
    } catch let error as ViewerProblem {
      return Self.problem(.init(code: error.status), error.message)
    } catch let error as StoreError {
      return Self.problem(.serviceUnavailable, error.message)
    } catch {
      return Self.problem(.internalServerError, "\(error)")
    }
  }

  private static func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
    let json = (try? JSONEncoder().encode(["error": message])) ?? Data()
    var response = Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    protect(&response)
    return response
  }

  // MARK: - Events

  /// What changes, as server-sent events. A client that lost its connection asks again and gets the whole state.
  private func events() async -> Response {
    let changes = await store.changes()
    var response = Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8"],
      body: ResponseBody { writer in
        try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
        for await event in changes { try await writer.write(ByteBuffer(string: event)) }
        try await writer.finish(nil)
      })
    Self.protect(&response)
    return response
  }

  // MARK: - Headers

  /// Nothing is loaded from elsewhere, embedded elsewhere or kept.
  private static func protect(_ response: inout Response) {
    let policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
      + "form-action 'none'; frame-ancestors 'none'"
    let fields = [
      "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
      "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
      "Cache-Control": "no-store",
    ]
    for (name, value) in fields { HTTPField.Name(name).map { response.headers[$0] = value } }
  }

  private static func text(_ status: HTTPResponse.Status, _ message: String) -> Response {
    var response = Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: message + "\n")))
    protect(&response)
    return response
  }

  private static func header(_ name: String, of request: Request) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }
}
