import Testing

@testable import Configuration

@Suite struct ValueTests {
    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("10", 10), ("9223372036854775807", Int64.max), ("9223372036854775808", nil), ("", nil),
            ("-1", nil),
            ("+1", nil), ("01", nil), ("00", nil), ("1_0", nil), ("1.0", nil), (" 1", nil), ("１", nil), ("0x1", nil),
        ] as [(String, Int64?)])
    func decimals(text: String, expected: Int64?) {
        #expect(DecimalText.parse(text.utf8) == expected)
    }

    @Test(
        arguments: [
            ("0s", 0), ("50ms", 50), ("10s", 10_000), ("5m", 300_000), ("24h", 86_400_000), ("2d", 172_800_000),
        ] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) throws {
        let duration = try DurationText.parse(text, in: .zero ... .seconds(1_000_000))
        #expect(duration == .milliseconds(milliseconds))
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ms"), (1000, "1s"), (1500, "1500ms"), (60_000, "1m"), (90_000, "90s"), (86_400_000, "24h"),
        ] as [(Int64, String)])
    func durationsAreWrittenShort(milliseconds: Int64, text: String) {
        #expect(DurationText.text(of: .milliseconds(milliseconds)) == text)
    }

    @Test(arguments: [(0, "0B"), (1, "1B"), (1024, "1KB"), (1537, "1537B"), (32 << 20, "32MB"), (1 << 30, "1GB")])
    func sizesRoundTrip(bytes: Int, text: String) throws {
        #expect(ByteSizeText.text(of: bytes) == text)
        #expect(try ByteSizeText.parse(text, in: 0...Int.max) == bytes)
    }

    @Test(
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8:0:0::1", "2001:db8::1"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("1.2.3", nil), ("01.2.3.4", nil), ("1.2.3.4.5", nil), ("", nil), ("0x7f.1", nil), ("2130706433", nil),
            (":::", nil),
            ("::1\u{0}x", nil), ("fe80::1%eth0", nil), ("g::", nil), (String(repeating: "1", count: 1000), nil),
        ] as [(String, String?)])
    func addresses(text: String, expected: String?) {
        #expect(IPAddress(text)?.description == expected)
    }

    @Test func loopbackAddresses() {
        #expect(["127.0.0.1", "127.9.9.9", "::1"].allSatisfy { IPAddress($0)?.isLoopback == true })
        #expect(["128.0.0.1", "::2", "::", "0.0.0.0"].allSatisfy { IPAddress($0)?.isLoopback == false })
    }

    @Test(arguments: [
        ("listen", "listen", 0), ("", "abc", 3), ("abc", "", 3), ("max_bdoy", "max_body", 1), ("kitten", "sitting", 3),
        ("ab", "ba", 1), ("abc", "abcd", 1), ("abcd", "abc", 1),
    ])
    func editDistances(left: String, right: String, expected: Int) {
        #expect(EditDistance.between(Array(left.utf8), Array(right.utf8)) == expected)
    }

    @Test func theNearestWordIsFound() {
        #expect(EditDistance.nearest(to: "redi", among: ["audit", "redis", "user"]) == "redis")
        #expect(EditDistance.nearest(to: "ab", among: ["xy"]) == nil)
        #expect(EditDistance.nearest(to: "completely", among: ["different"]) == nil)
        #expect(EditDistance.nearest(to: "x", among: []) == nil)
    }

    @Test func environmentBlocks() {
        let bytes =
            Array("A=1\u{0}B=x=y\u{0}\u{0}=no\u{0}noequals\u{0}A=2\u{0}E=\u{0}LISTEN_FDS=1".utf8) + [
                0, 0x42, 0x3D, 0xFF,
            ]
        let block = EnvironmentBlock(bytes: bytes)
        #expect(block.values == ["A": "1", "B": "x=y", "E": "", "LISTEN_FDS": "1"])
        #expect(block.entries { $0 == "A" } == [Array("A=1".utf8), Array("A=2".utf8)])
        #expect(block.entries { $0.hasPrefix("LISTEN_") } == [Array("LISTEN_FDS=1".utf8)])
        #expect(block.entries { $0 == "B" }.last == [0x42, 0x3D, 0xFF])
        #expect(EnvironmentBlock(bytes: []).values.isEmpty)
    }
}
