import Foundation
import Reporting

/// The parts of the page, embedded into the program.
enum PageFiles {
  struct File: Sendable {
    let type: String
    let text: String
  }

  /// nil if there is none at this path.
  static func file(_ path: String) -> File? { files[path] }

  private static let files: [String: File] = {
    func module(_ bytes: [UInt8]) -> File {
      File(type: "text/javascript; charset=utf-8", text: String(decoding: bytes, as: UTF8.self))
    }
    func style(_ text: String) -> File { File(type: "text/css; charset=utf-8", text: text) }
    return [
      "/": File(
        type: "text/html; charset=utf-8", text: String(decoding: PackageResources.view_html, as: UTF8.self)),
      "/icon.svg": File(type: "image/svg+xml", text: String(decoding: PackageResources.icon_svg, as: UTF8.self)),
      "/report.css": style(SharedPage.stylesheet), "/pictures.css": style(SharedPage.pictureStyles),
      "/view.css": style(String(decoding: PackageResources.view_css, as: UTF8.self)),
      "/parts.js": File(type: "text/javascript; charset=utf-8", text: SharedPage.module),
      "/view.js": module(PackageResources.view_js), "/lists.js": module(PackageResources.lists_js),
      "/talk.js": module(PackageResources.talk_js), "/live.js": module(PackageResources.live_js),
      "/keys.js": module(PackageResources.keys_js), "/figures.js": module(PackageResources.figures_js),
      "/pictures.js": module(PackageResources.pictures_js),
    ]
  }()
}
