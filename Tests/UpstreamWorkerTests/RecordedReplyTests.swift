import Glibc
import IPC
import JSON
import Testing

@testable import UpstreamWorker

/// Where the recordings are, if they are.
private enum Recordings {
    static let folder: String = {
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/") + "/shared/exchanges"
    }()
    static let index = Self.read("\(Self.folder)/INDEX.tsv")

    static func read(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[0..<count]
        }
    }
}

/// Real providers' recorded replies through the machine, cut at many places: what passes is byte for byte the same. The
/// recordings lie beside the repository and are not part of it.
@Suite(.enabled(if: Recordings.index != nil, "../shared/exchanges is not there"))
struct RecordedReplyTests {
    /// Names of all recordings in OpenAI's dialect.
    private static var names: [String] {
        let lines = String(decoding: Recordings.index ?? [], as: UTF8.self).split(separator: "\n")
        let columns = lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        let providers = ["openai", "vllm", "ollama", "groq", "deepseek", "openrouter"]
        return columns.filter { columns in
            columns.count > 3 && providers.contains(columns[1])
                && (columns[2] == "chat.completions" || columns[2] == "embeddings")
        }.map { $0[0] }
    }

    private static func decode(_ text: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var values = [UInt32](repeating: 64, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt32(value) }
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for letter in text where values[Int(letter)] < 64 {
            bits = bits << 6 | values[Int(letter)]
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return bytes
    }

    @Test
    func everyRecordingPassesUnchanged() throws {
        let reader = JSONReader()
        #expect(Self.names.count > 50)
        for name in Self.names {
            let file = try #require(Recordings.read("\(Recordings.folder)/\(name).json"))
            let recording = try reader.read(file, maximumBytes: 1 << 26)
            let response = try #require(recording["response"])
            let status = UInt16(clamping: response["status"]?.integer ?? 0)
            let body = Self.decode(response["body_base64"]?.string ?? [])
            guard status != 401, status != 403 else { continue }
            let type = response["headers"]?["content-type"]?.string ?? response["headers"]?["Content-Type"]?.string
            for size in [1, 7, 100, 1 << 20] {
                let bench = MachineBench(isStream: recording["stream"] == .bool(true))
                bench.head(status, type)
                // As a client that reads at once.
                var returned = 0
                func acknowledge() throws {
                    let new = bench.output.bytes.count - returned
                    returned += new
                    if new > 0 { _ = try bench.credit(new) }
                }
                for start in stride(from: 0, to: body.count, by: size) {
                    bench.data(Array(body[start..<min(body.count, start + size)]))
                    try acknowledge()
                }
                bench.ended()
                for _ in 0..<100 where !bench.machine.isOver { try acknowledge() }
                #expect(bench.output.end?.failure == nil, "\(name)")
                #expect(bench.output.head?.status == status, "\(name)")
                #expect(bench.output.bytes == body, "\(name) in pieces of \(size)")
            }
        }
    }
}
