import Agents
import Foundation

/// Reads files for the parsers: mapped into memory, and only regular ones (a pipe or a device would never end).
enum MappedFile {
  /// - Parameter limit: a longer file is refused, in bytes.
  static func open(_ path: String, limit: Int = .max) throws(ModelFileError) -> Data {
    let attributes: [FileAttributeKey: Any]
    do {
      // Resolved first: the folders that Hugging Face's downloads make are full of symbolic links.
      let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      attributes = try FileManager.default.attributesOfItem(atPath: resolved)
    } catch {
      throw ModelFileError(.unreadable, path, "There is no such file, or it may not be read. Check the path.")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw ModelFileError(.unreadable, path, "This is not a regular file.")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= limit else {
      throw ModelFileError(
        .malformed, path, "The file has \(size) bytes; no more than \(limit) are expected of its kind.")
    }
    // There is nothing to map in an empty file.
    guard size > 0 else { return Data() }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw ModelFileError(.unreadable, path, "Could not be read: \(error.localizedDescription)")
    }
    if FileForm(data.prefix(64)) == .lfsPointer {
      throw ModelFileError(.malformed, path, "This \(FileForm.lfsPointer.explanation)")
    }
    return data
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}

extension Data {
  /// `withUnsafeBytes`, with the error's type kept.
  func withBytes<Value>(
    _ body: (UnsafeRawBufferPointer) throws(ModelFileError) -> Value
  ) throws(ModelFileError) -> Value {
    let result: Result<Value, ModelFileError> = withUnsafeBytes { bytes in
      do throws(ModelFileError) {
        return .success(try body(bytes))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
