import Glibc
import Platform

/// The files of Swagger UI that a browser needs, open for reading; they are read once, when they are asked for.
final class SwaggerFiles {
    struct File: Hashable {
        var name: String
        var type: String
    }

    static let all = [
        File(name: "swagger-ui.css", type: "text/css; charset=utf-8"),
        File(name: "swagger-ui-bundle.js", type: "text/javascript; charset=utf-8"),
        File(name: "favicon-32x32.png", type: "image/png"),
    ]
    /// Bytes of the largest file that is believed.
    private static let limit = 8 << 20
    /// Where they are beside the programs, and above the folder of those.
    private static let places = ["share/sluice/swagger-ui", "../share/sluice/swagger-ui"]

    /// Owned here.
    private var descriptors: [Int32] = []
    private var contents: [Int: [UInt8]] = [:]

    /// Opens all files of the folder; nil where one is not there.
    init?(folder: String) {
        for file in Self.all {
            let number = unsafe open("\(folder)/\(file.name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
            guard number >= 0 else { return nil }
            self.descriptors.append(number)
        }
    }

    deinit {
        for number in self.descriptors { _ = OwnedDescriptor(adopting: number) }
    }

    /// Those of the folder that the configuration names; without one, those that were installed with the programs.
    static func find(configured folder: String?) -> SwaggerFiles? {
        if let folder { return SwaggerFiles(folder: folder) }
        guard let program = Self.folderOfPrograms else { return nil }
        return Self.places.lazy.compactMap { SwaggerFiles(folder: "\(program)/\($0)") }.first
    }

    private static var folderOfPrograms: String? {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return nil }
        defer { unsafe free(path) }
        let text = unsafe String(cString: path)
        return text.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(text[..<$0]) }
    }

    /// The bytes of a file, by its place in `all`; nil where they cannot be read.
    func read(_ place: Int) -> [UInt8]? {
        if let bytes = self.contents[place] { return bytes }
        guard self.descriptors.indices.contains(place) else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.limit {
            let count = unsafe pread(self.descriptors[place], &buffer, buffer.count, off_t(bytes.count))
            guard count >= 0 else {
                if errno == EINTR { continue }
                return nil
            }
            guard count > 0 else {
                self.contents[place] = bytes
                return bytes
            }
            bytes += buffer[..<count]
        }
        return nil
    }
}
