import Agents
import Foundation

/// Maps files into memory for the parsers. Only regular files are read, since a pipe or a device might never end.
enum MappedFile {
  /// - Parameter limit: the longest file that is accepted, in bytes.
  static func open(_ path: String, limit: Int = .max) throws(ModelFileError) -> Data {
    let attributes: [FileAttributeKey: Any]
    do {
      // Links are resolved, since Hugging Face's download folders consist of symbolic links.
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
    // An empty file cannot be mapped.
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
  /// `withUnsafeBytes` with a typed error.
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
