import Resilience
import TestSupport
import Testing

/// The texts times come in.
@Suite struct AdviceTextTests {
    private static let second: UInt64 = 1_000_000_000

    private func duration(_ text: String) -> UInt64? { DurationText.nanoseconds(Array(text.utf8).span) }
    private func google(_ text: String) -> UInt64? { DurationText.googleNanoseconds(Array(text.utf8).span) }
    private func date(_ text: String, now: UInt64 = 1_700_000_000) -> UInt64? {
        DateText.httpSeconds(Array(text.utf8).span, now: now)
    }
    private func time(_ text: String) -> UInt64? { DateText.rfc3339Milliseconds(Array(text.utf8).span) }
    private func delay(_ text: String) -> UInt64? { RetryInfoScan.delay(in: Array(text.utf8).span) }

    @Test func durations() {
        let second = Self.second
        #expect(self.duration("6m0s") == 360 * second)
        #expect(self.duration("20ms") == second / 50)
        #expect(self.duration("1.2s") == second / 5 * 6)
        #expect(self.duration("1h2m3.5s") == 3723 * second + second / 2)
        #expect(self.duration("1d0h") == 86_400 * second)
        #expect(self.duration("7.66s") == 7_660_000_000)
        #expect(self.duration("2m59.56s") == 179_560_000_000)
        #expect(self.duration("1.5h") == 5_400 * second)
        #expect(self.duration("0s") == 0)
        #expect(self.duration("15us") == 15_000)
        #expect(self.duration("15µs") == 15_000)
        #expect(self.duration("15μs") == 15_000)
        #expect(self.duration("3ns") == 3)
        #expect(self.duration("59.7") == 59_700_000_000)
        #expect(self.duration("0.0000000019") == 1)
        #expect(self.duration("1m2ms") == 60 * second + 2_000_000)
        #expect(self.duration("99999999999999999999999d") == .max)
        #expect(self.duration("18446744073.709551616s") == .max)
        for text in [
            "", "s", "-1s", "+1s", "1x", "1s1m", "1s1s", "1.s", ".5s", "1e3s", " 1s", "1s ", "1m 2s", "1u", "1µ", "ms",
        ] {
            #expect(self.duration(text) == nil, "\(text)")
        }
        #expect(self.google("30s") == 30 * second)
        #expect(self.google("1.5s") == second * 3 / 2)
        #expect(self.google("0.123456789s") == 123_456_789)
        for text in ["30", "30m", "s", "", "30ss", "-1s", "1m30s", "30.s"] { #expect(self.google(text) == nil) }
    }

    @Test func datesInEachForm() {
        // The example of RFC 9110.
        #expect(self.date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(self.date("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(self.date("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(self.date("Thu, 29 Feb 2024 23:59:60 GMT") == 1_709_251_200)
        #expect(self.date("Thu Feb 29 00:00:00 2024") == 1_709_164_800)
        #expect(self.date("Fri, 31 Dec 9999 23:59:59 GMT") == 253_402_300_799)
        #expect(self.date("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
    }

    @Test func twoDigitsOfAYear() {
        #expect(self.date("Wednesday, 01-Jan-20 00:00:00 GMT") == 1_577_836_800)
        // In 2023: 73 is 50 years ahead, 74 is past.
        #expect(self.date("Sunday, 01-Jan-73 00:00:00 GMT") == 3_250_454_400)
        #expect(self.date("Tuesday, 01-Jan-74 00:00:00 GMT") == 126_230_400)
        // In 2090: 10 is 2110.
        #expect(self.date("Wednesday, 01-Jan-10 00:00:00 GMT", now: 3_786_912_000) == 4_417_977_600)
        // The year 10010.
        #expect(self.date("Wednesday, 01-Jan-10 00:00:00 GMT", now: .max) == nil)
    }

    @Test func noDates() {
        for text in [
            "", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 gmt", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Thu, 29 Feb 2023 00:00:00 GMT", "1994-11-06",
        ] { #expect(self.date(text) == nil, "\(text)") }
    }

    @Test func timesOfRFC3339() {
        #expect(self.time("2024-05-01T10:00:00Z") == 1_714_557_600_000)
        #expect(self.time("2024-05-01T10:00:00.123Z") == 1_714_557_600_123)
        #expect(self.time("2024-05-01T10:00:00.123456789z") == 1_714_557_600_123)
        #expect(self.time("2024-05-01t12:30:00.5+02:30") == 1_714_557_600_500)
        #expect(self.time("2024-05-01 04:00:00-06:00") == 1_714_557_600_000)
        #expect(self.time("1970-01-01T00:00:00+00:01") == nil)
        #expect(self.time("9999-12-31T23:59:59.999-23:59") != nil)
        for text in [
            "", "2024-05-01", "2024-05-01T10:00:00", "2024-05-01T10:00Z", "2024-05-01T10:00:00.Z",
            "2024-02-30T10:00:00Z",
            "2024-05-01T10:00:00+24:00", "2024-05-01T10:00:00+0200", "2024-05-01T10:00:00Zx", "24-05-01T10:00:00Z",
        ] { #expect(self.time(text) == nil, "\(text)") }
    }

    @Test func retryInfoInAnError() {
        let google = """
            [{
              "error": {"code": 429, "message": "You exceeded \\"your\\" quota {", "status": "RESOURCE_EXHAUSTED",
                "details": [
                  {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaValue": "15", "n": -1.5e+3}]},
                  {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41.5s"}
                ]}
            }]
            """
        #expect(self.delay(google) == 41_500_000_000)
        #expect(self.delay(#"{"retryDelay":"1s","@type":"type.googleapis.com/google.rpc.RetryInfo"}"#) == 1_000_000_000)
        let two = #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}"#
        #expect(
            self.delay(#"{"a":[\#(two)],"b":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}"#)
                == 2_000_000_000)
        #expect(self.delay("[[],{},true,null,1,\(two)]") == 2_000_000_000)
        for text in [
            "", "x", "{}", "\"\"", #"{"retryDelay":"1s"}"#, #"{"@type":"type.googleapis.com/google.rpc.RetryInfo"}"#,
            #"{"message":"{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"2s\"}"}"#,
            #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"soon"}"#,
            #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":2}"#,
            #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","x":{"retryDelay":"2s"}}"#,
            #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","x":["retryDelay","2s"]}"#,
            two + two, two + ",", "[" + two, "[" + two + ",]", "{" + two + "}", "[" + two + "}", two.dropLast() + "]",
            #"{"a" "b"}"#, #"{"a":}"#, "[,]", "{,}", #"{1:2}"#, "[" + two + " \"x]",
            String(repeating: "[", count: 33) + two + String(repeating: "]", count: 33),
            two + String(repeating: " ", count: 64 << 10),
        ] { #expect(self.delay(text) == nil, "\(text.prefix(100))") }
    }

    /// No text makes any of the readers end the process, and none reads beyond its end.
    @Test func noiseAndDamage() {
        var random = SplitMix(seed: 7)
        let seeds: [[UInt8]] = [
            "1h2m3.5s", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "2024-05-01T10:00:00.123+02:30", "99999999999999999999.99999999999999",
            #"{"e":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"41.5s"},"\"x",1e3]}"#,
            "retry-after: 3\nx-should-retry: true\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m\n",
            "anthropic-ratelimit-requests-remaining:0\r\nanthropic-ratelimit-requests-reset: 2024-05-01T10:00:00Z\r\n",
        ].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch random.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            let span = bytes.span
            _ = DurationText.nanoseconds(span)
            _ = DurationText.googleNanoseconds(span)
            _ = DateText.httpSeconds(span, now: random.next())
            _ = DateText.rfc3339Milliseconds(span)
            var reader = RetryAdviceReader(wallClock: random.next())
            reader.read(fields: span)
            reader.read(name: span, value: span)
            reader.read(errorBody: span)
            #expect(reader.advice.after ?? 0 <= RetryAdviceReader.longest)
            #expect(reader.hint?.resetAfter ?? 0 <= RetryAdviceReader.longest)
        }
    }
}
