import Foundation
import JSON
import Testing

/// Prints nanoseconds, asserts nothing about them; only where SLUICE_BENCH is set.
@Suite(
    "Benchmarks", .enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCH"] != nil, "SLUICE_BENCH is not set"))
struct JSONBenchmarks {
    @Test("Request scan")
    func scan() throws {
        let scanner = RequestScanner()
        func body(messages: Int, content: Int) -> [UInt8] {
            let message = #"{"role":"user","content":""# + String(repeating: "word ", count: content / 5) + #""}"#
            let list = Array(repeating: message, count: messages).joined(separator: ",")
            return Array(#"{"model":"gpt-4o","stream":true,"temperature":0.7,"messages":[\#(list)]}"#.utf8)
        }
        for (name, bytes, rounds) in [
            ("1 KB", body(messages: 8, content: 80), 200_000),
            ("100 KB, one string", body(messages: 1, content: 100_000), 5_000),
            ("100 KB, 1,600 messages", body(messages: 1600, content: 30), 5_000),
        ] {
            let padded = bytes + [UInt8](repeating: 0, count: 64)
            var members = 0
            let elapsed = try unsafe padded.withUnsafeBytes { buffer in
                let text = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])
                return try ContinuousClock().measure {
                    for _ in 0..<rounds {
                        members += try unsafe scanner.scan(text, capacity: buffer.count).memberCount
                    }
                }
            }
            #expect(members == 4 * rounds)
            print("scan \(name) (\(bytes.count) B): \(elapsed / rounds)")
        }
    }
}
