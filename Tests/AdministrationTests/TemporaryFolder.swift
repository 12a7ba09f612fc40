import Glibc

/// A folder of its own for one test, gone with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-control-XXXXXX\0".utf8CString.dropLast())
        guard unsafe mkdtemp(&template) != nil else { throw Failure(code: errno) }
        self.path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(self.path)
    }

    struct Failure: Error {
        var code: Int32
    }

    /// Permission bits, nil when there is nothing.
    func mode(_ name: String) -> mode_t? {
        var info = stat()
        return unsafe lstat("\(self.path)/\(name)", &info) == 0 ? info.st_mode & 0o7777 : nil
    }

    func read(_ name: String) -> [UInt8]? {
        let file = unsafe open("\(self.path)/\(name)", O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        let file = unsafe open("\(self.path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0, fchmod(file, mode) == 0, unsafe Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw Failure(code: errno)
        }
        close(file)
    }

    func makeFolder(_ name: String, mode: mode_t) throws {
        guard unsafe mkdir("\(self.path)/\(name)", mode) == 0, unsafe chmod("\(self.path)/\(name)", mode) == 0 else {
            throw Failure(code: errno)
        }
    }

    private static func remove(_ path: String) {
        guard let folder = unsafe opendir(path) else {
            _ = unsafe unlink(path)
            return
        }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            Self.remove("\(path)/\(name)")
        }
        unsafe closedir(folder)
        _ = unsafe rmdir(path)
    }
}
