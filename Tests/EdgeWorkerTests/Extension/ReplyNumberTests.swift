import Domain
import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct ReplyNumberTests {
    @Test func dollarsAreWrittenAsEverywhere() {
        var costs: [Int64] = [0, 1, 9, 10, 99, 100, 123_450, 17_000, 999_999_999, 1_000_000_000, 1_230_000_000, .max]
        for power in 0..<18 { costs.append((0..<power).reduce(Int64(1)) { value, _ in value * 10 }) }
        for cost in costs {
            var buffer = ByteBuffer()
            buffer.writeDollars(nano: cost)
            #expect(String(buffer: buffer) == MoneyText.text(nanoDollars: cost))
        }
        var buffer = ByteBuffer()
        buffer.writeDollars(nano: 123_450)
        buffer.writeDollars(nano: -1)
        #expect(String(buffer: buffer) == "0.000123450.00")
    }

    @Test func millisecondsHaveThreeDecimals() {
        for (value, text) in [
            (0, "0.000"), (5, "0.005"), (999, "0.999"), (1000, "1.000"), (1_234_567, "1234.567"),
            (.max, "18446744073709551.615"),
        ] as [(UInt64, String)] {
            var buffer = ByteBuffer()
            buffer.writeMilliseconds(microseconds: value)
            #expect(String(buffer: buffer) == text)
        }
    }

    @Test func theMember() {
        let origin = ReplyOrigin(
            start: [], model: Array("m\"é".utf8) + [0xFF], attempts: 2, latency: 12_345, cost: nil, isShared: true)
        let member = ExtensionMember(provider: Array("own".utf8), origin: origin)
        let start = #""x_sluice":{"provider":"own","model":"m\"é�","latency_ms":12.345,"cost_usd":"#
        #expect(
            String(decoding: member.text(cost: 17_000), as: UTF8.self)
                == start + #"0.000017,"cache":"shared","attempts":2}"#)
        #expect(
            String(decoding: member.text(cost: nil), as: UTF8.self) == start + #"null,"cache":"shared","attempts":2}"#)
        let chunk = member.chunk(
            Array("\"x\":1".utf8), record: RecordID(high: 1, low: 2), seconds: 7, isCompletion: true)
        #expect(
            String(decoding: chunk, as: UTF8.self)
                == #"data: {"id":"00000000000000010000000000000002","object":"text_completion","created":7,"#
                + #""model":"m\"é�","choices":[],"x":1}"# + "\n\n")
    }
}
