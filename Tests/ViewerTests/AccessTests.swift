import Agents
import Foundation
import TestSupport
import Testing

@testable import Viewer

@Suite("Who may read the page", .timeLimit(.minutes(5)))
struct AccessTests {
  private let keeper = Gatekeeper(token: "0123abcd", port: 4000)

  private func verdict(
    _ path: String = "/", host: String? = "127.0.0.1:4000", site: String? = nil, cookies: String? = nil,
    offered: String? = nil
  ) -> Gatekeeper.Verdict {
    keeper.verdict(path: path, host: host, site: site, cookies: cookies, offered: offered)
  }

  private func isRefused(_ verdict: Gatekeeper.Verdict) -> Bool {
    if case .refused = verdict { true } else { false }
  }

  @Test func theTokenAdmitsOnceAndTheCookieAfterwards() {
    #expect(verdict(offered: "0123abcd") == .enter)
    #expect(verdict("/api/state", cookies: "a=b; coxswain-view-4000=0123abcd") == .admitted)
    #expect(verdict(host: "localhost:4000", site: "same-origin", cookies: keeper.cookie) == .admitted)
    #expect(keeper.cookie.contains("HttpOnly") && keeper.cookie.contains("SameSite=Strict"))
  }

  @Test func everythingElseIsRefused() {
    #expect(isRefused(verdict()))
    #expect(isRefused(verdict(offered: "0123abce")))
    #expect(isRefused(verdict(offered: "")))
    #expect(isRefused(verdict("/api/state", offered: "0123abcd")))
    #expect(isRefused(verdict(cookies: "coxswain-view-4000=0123abc")))
    #expect(isRefused(verdict(cookies: "coxswain-view-4001=0123abcd")))
    #expect(isRefused(verdict(cookies: "x-coxswain-view-4000=0123abcd")))
  }

  @Test func aNameThatResolvesToThisMachineIsRefused() {
    for host in ["evil.example:4000", "127.0.0.1:4001", "127.0.0.1", "127.0.0.1:4000.evil.example", nil] {
      #expect(isRefused(verdict(host: host, cookies: keeper.cookie)), "\(host ?? "none")")
      #expect(isRefused(verdict(host: host, offered: "0123abcd")), "\(host ?? "none")")
    }
  }

  @Test func pagesOfOtherSitesAreRefused() {
    for site in ["cross-site", "same-site"] { #expect(isRefused(verdict(site: site, cookies: keeper.cookie))) }
  }

  @Test func tokensAreLongAndDiffer() {
    let tokens = Set((0..<50).map { _ in Gatekeeper.freshToken() })
    #expect(tokens.count == 50 && tokens.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
  }

  @Test func theServerAsksForTheTokenAndSendsItsRules() async throws {
    try await Browsing.inFolder { folder in
      try await Browsing.with(folder.path + "/none.sqlite") { page in
        for path in ["/", "/view.js", "/api/state", "/api/events", "/nothing"] {
          #expect(try await page.get(path, cookie: nil).status == 403, "\(path)")
        }
        #expect(try await page.get("/?token=wrong", cookie: nil).status == 403)
        let entry = try await page.get("/?token=\(page.token)", cookie: nil)
        #expect(entry.status == 303 && entry.headers["Location"] == ["/"])
        let cookie = try #require(entry.headers["Set-Cookie"].first)
        #expect(cookie.hasPrefix(page.cookie) && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
        let home = try await page.get("/", cookie: page.cookie)
        #expect(home.status == 200 && home.text.contains("<main"))
        let policy = home.headers["Content-Security-Policy"].first ?? ""
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
        #expect(home.headers["Cache-Control"] == ["no-store"] && home.headers["X-Content-Type-Options"] == ["nosniff"])
        #expect(try await page.get("/", host: "evil.example:\(page.server.port)", cookie: page.cookie).status == 403)
        #expect(try await page.get("/", cookie: page.cookie, headers: [("Sec-Fetch-Site", "cross-site")]).status == 403)
        #expect(try await page.get("/", method: .POST, cookie: page.cookie).status == 405)
        // Paths name parts of the page alone.
        for path in ["/../../etc/passwd", "/%2e%2e/view.js", "/view.html", "/api/", "/api/none", "//view.js"] {
          #expect(try await page.get(path, cookie: page.cookie).status == 404, "\(path)")
        }
        // Nothing of the page comes from elsewhere.
        for path in [
          "/", "/view.js", "/lists.js", "/talk.js", "/live.js", "/keys.js", "/figures.js", "/pictures.js", "/parts.js",
          "/view.css", "/report.css", "/pictures.css", "/icon.svg",
        ] {
          let part = try await page.get(path, cookie: page.cookie)
          #expect(part.status == 200 && !part.text.isEmpty, "\(path)")
          let addresses = part.text.ranges(of: "http").filter {
            !part.text[$0.upperBound...].hasPrefix("://www.w3.org/")
          }
          #expect(addresses.isEmpty, "\(path)")
          #expect(!part.text.contains("innerHTML") && !part.text.contains("eval("), "\(path)")
        }
      }
    }
  }

  @Test func aPortThatIsTakenIsSaid() async throws {
    try await Browsing.inFolder { folder in
      try await Browsing.with(folder.path + "/s.sqlite") { page in
        let error = await #expect(throws: ViewerError.self) {
          _ = try await ViewerServer.start(store: folder.path + "/s.sqlite", port: page.server.port)
        }
        #expect(error?.message.contains("\(page.server.port)") == true && error?.message.contains("--port") == true)
      }
    }
  }
}
