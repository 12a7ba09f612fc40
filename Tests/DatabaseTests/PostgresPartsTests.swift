import Domain
import Testing

@testable import Database

/// What needs no server.
@Suite struct PostgresPartsTests {
    @Test func statesAreFiveDigitsOrCapitals() {
        for text in ["", "0800", "080061", "0800a", "08 06", "08006\u{0}"] {
            #expect(SQLState(text.utf8) == nil, "\(text)")
        }
        #expect(SQLState("08006".utf8) == .connectionFailure && SQLState.connectionFailure.description == "08006")
    }

    @Test(arguments: [
        ("08006", "machine", true), ("08001", "machine", true), ("57P01", "machine", true), ("57P03", "machine", true),
        ("53300", "machine", true), ("53100", "machine", true), ("58030", "machine", true), ("28P01", "machine", true),
        ("3D000", "machine", true), ("25006", "machine", true), ("25P03", "machine", true), ("42501", "machine", false),
        ("40001", "contention", true), ("40P01", "contention", true), ("55P03", "contention", true),
        ("57014", "contention", true), ("23505", "data", false), ("23503", "data", false), ("22P02", "data", false),
        ("22021", "data", false), ("42P01", "program", false), ("42601", "program", false), ("0A000", "program", false),
        ("25P02", "program", false), ("XX001", "file", false), ("XX002", "file", false), ("3F000", "file", false),
        ("XX000", "machine", true),
    ]) func everyCodeHasAFault(_ text: String, _ fault: String, _ isRetryable: Bool) throws {
        let state = try #require(SQLState(text.utf8))
        let error = DatabaseError(server: "s", operation: "o", state: state, message: "m")
        #expect(error.fault.rawValue == fault && error.isRetryable == isRetryable)
        #expect(error.isDuplicate == (text == "23505"))
        #expect(error.asksForAnotherRun == ["40001", "40P01"].contains(text))
        #expect(error.description == "s: o: m (SQLSTATE \(text))")
    }

    @Test func aStalePlanIsPreparedAnew() {
        func error(_ state: SQLState, _ message: String) -> DatabaseError {
            DatabaseError(server: "s", operation: "o", state: state, message: message)
        }
        #expect(error(.notSupported, "cached plan must not change result type").isStalePlan)
        #expect(!error(.notSupported, "cannot do that").isStalePlan)
        #expect(error(.noSuchStatement, "prepared statement \"s1\" does not exist").isStalePlan)
    }

    @Test func theIntervalsOfTheBackoffDouble() {
        for random in [UInt64(0), .max, 12345] {
            var backoff = ReconnectBackoff()
            var now: UInt64 = 1000
            #expect(backoff.wait(now: now) == 0)
            for full: UInt64 in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000] {
                backoff.begin(now: now, random: random)
                #expect(backoff.wait(now: now) > 0)
                // The try took a second.
                now += 1000
                backoff.failed(now: now, random: random)
                let wait = backoff.wait(now: now)
                #expect((full / 2...full).contains(wait), "\(full)")
                #expect(backoff.wait(now: now + wait - 1) == 1)
                now += wait
                #expect(backoff.wait(now: now) == 0)
            }
            backoff.begin(now: now, random: random)
            backoff.succeeded()
            // A server that takes a connection and ends it at once.
            #expect(backoff.wait(now: now) > 0)
            now += 10_000
            backoff.begin(now: now, random: random)
            backoff.failed(now: now, random: random)
            #expect(backoff.wait(now: now) <= 100)
        }
    }

    @Test func refusalsAreReadForTheirCodes() {
        let refused = PostgresMessage.refusal(
            "connection to server at \"127.0.0.1\", port 5 failed: FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  a, b.c:1\n"
        )
        #expect(refused.state?.description == "28P01" && !refused.message.contains("LOCATION"))
        let network = PostgresMessage.refusal(
            "connection to server at \"h\", port 1 failed: Connection refused\n\tIs it?")
        #expect(network.state == nil && network.message.hasSuffix("Connection refused"))
        #expect(PostgresMessage.refusal("").message == "no connection")
        #expect(PostgresMessage.refusal("a: FATAL: WORDS: b").state == nil)
        #expect(PostgresMessage.line("a\nb\u{1B}[31m" + String(repeating: "x", count: 9999)).utf8.count == 400)
    }

    @Test func numbersAreParsedStrictly() {
        func integer(_ type: PostgresType, _ bytes: [UInt8]) -> Int64? {
            unsafe bytes.withUnsafeBytes { unsafe type.integer($0) }
        }
        func numeric(_ weight: Int16, _ digits: [UInt16], sign: UInt16 = 0) -> [UInt8] {
            ([UInt16(digits.count), UInt16(bitPattern: weight), sign, 0] + digits).flatMap {
                PostgresValue.bigEndian($0)
            }
        }
        for value in [Int64.min, -1, 0, 1, 256, .max] {
            #expect(integer(.int8, PostgresValue.bigEndian(value)) == value)
        }
        #expect(integer(.int4, [0xFF, 0xFF, 0xFF, 0xFE]) == -2 && integer(.int2, [0x7F, 0xFF]) == 32767)
        #expect(integer(.bool, [1]) == 1 && integer(.bool, [0]) == 0 && integer(.bool, []) == nil)
        for (type, bytes) in [(PostgresType.int8, [1, 2]), (.int4, []), (.int2, [1, 2, 3]), (.float8, [0])]
            as [(PostgresType, [UInt8])]
        {
            #expect(integer(type, bytes) == nil)
        }
        #expect(integer(.float8, PostgresValue.bigEndian(Int64(bitPattern: (1e300).bitPattern))) == nil)
        #expect(integer(.float8, PostgresValue.bigEndian(Int64(bitPattern: Double.nan.bitPattern))) == nil)
        #expect(integer(.numeric, numeric(4, [922, 3372, 368, 5477, 5807])) == .max)
        #expect(integer(.numeric, numeric(4, [922, 3372, 368, 5477, 5808])) == nil)
        #expect(integer(.numeric, numeric(4, [922, 3372, 368, 5477, 5808], sign: 0x4000)) == .min)
        #expect(integer(.numeric, numeric(4, [922, 3372, 368, 5477, 5809], sign: 0x4000)) == nil)
        #expect(integer(.numeric, numeric(1, [12])) == 120_000 && integer(.numeric, numeric(-1, [5000])) == 0)
        #expect(integer(.numeric, numeric(32767, [1])) == nil && integer(.numeric, numeric(0, [], sign: 0xC000)) == nil)
        #expect(integer(.numeric, numeric(0, [10_000])) == nil && integer(.numeric, [0, 9, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(integer(.numeric, numeric(0, [])) == 0 && integer(.numeric, [1]) == nil)
        #expect(integer(.text, Array("-12".utf8)) == -12 && integer(.text, Array("1x".utf8)) == nil)
    }

    @Test func valuesGoAsTheServerWantsThem() throws {
        #expect(try PostgresValue.integer(1).encoded(for: .int8).bytes == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(try PostgresValue.integer(7).encoded(for: .text) == PostgresValue.Encoded(bytes: [0x37], format: 0))
        #expect(try PostgresValue.bytes([0]).encoded(for: .bytes) == PostgresValue.Encoded(bytes: [0], format: 1))
        #expect(try PostgresValue.null.encoded(for: .bytes).bytes == nil)
        #expect(throws: PostgresValue.Misfit.self) { try PostgresValue.integer(1 << 40).encoded(for: .int4) }
        #expect(throws: PostgresValue.Misfit.self) { try PostgresValue.integer(2).encoded(for: .bool) }
        #expect(throws: PostgresValue.Misfit.self) { try PostgresValue.integer(2).encoded(for: .bytes) }
        #expect(throws: PostgresValue.Misfit.self) { try PostgresValue.text([1, 0]).encoded(for: .text) }
        #expect(throws: PostgresValue.Misfit.self) { try PostgresValue.bytes([1]).encoded(for: .int8) }
    }

    /// No server, a clock of our own: calls fail at once and only one in an interval tries.
    @Test func thereIsNoStorm() {
        let clock = TestClock()
        let address = PostgresAddress(host: "/nowhere/at/all", database: "d", user: "u")
        let database = PostgresConnection(
            PostgresOptions(address: address, schema: "s"),
            timing: PostgresTiming(now: { clock.now }, random: { .max }, sleep: { _ in }))
        var tries = 0
        for _ in 0..<10_000 {
            let error = #expect(throws: DatabaseError.self) { try database.open() }
            if error?.description.contains("the next try is in") == false { tries += 1 }
            clock.advance(10)
        }
        // 100 s: 0.1, 0.2, 0.4 … and then 10 s.
        #expect((12...20).contains(tries), "\(tries)")
    }
}
