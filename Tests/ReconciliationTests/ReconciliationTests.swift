import Domain
import Testing

@testable import Reconciliation

@Suite struct ReconciliationTests {
    private static let period = ExportFixture.first...ExportFixture.second + 1

    private func compare(
        _ fixture: ExportFixture, _ text: [UInt8]? = nil, tolerance: Tolerance = .tokens(0), countsToo: Bool = false
    ) throws -> Reconciliation {
        Reconciliation(
            try ExportReader.read(text ?? fixture.bytes), fixture.usage, period: Self.period, tolerance: tolerance,
            countsToo: countsToo)
    }

    @Test(arguments: ExportFixture.all)
    func aCleanExportIsWithinNothing(_ fixture: ExportFixture) throws {
        let result = try self.compare(fixture)
        #expect(result.rows.filter { !$0.isWithin } == [])
        #expect(result.totals.filter { !$0.isWithin } == [])
        #expect(result.isWithin)
        #expect(result.exportOnly == [] && result.gatewayOnly == [])
        #expect(result.rows.contains { $0.export > 0 && $0.gateway == $0.export })
    }

    /// What a number is compared as, by a table of its own.
    private static let classes: [String: ComparedClass] = [
        "input_tokens": .inputTotal, "output_tokens": .outputTotal, "input_cached_tokens": .cacheRead,
        "input_cache_write_tokens": .cacheWriteAny, "input_audio_tokens": .audioInput,
        "output_audio_tokens": .audioOutput, "num_model_requests": .requests, "uncached_input_tokens": .input,
        "ephemeral_1h_input_tokens": .cacheWriteHour, "ephemeral_5m_input_tokens": .cacheWrite,
        "cache_read_input_tokens": .cacheRead, "web_search_requests": .searches, "usage_input_tokens_no_cache": .input,
        "usage_input_tokens_cache_write_5m": .cacheWrite, "usage_input_tokens_cache_write_1h": .cacheWriteHour,
        "usage_input_tokens_cache_read": .cacheRead, "usage_output_tokens": .outputTotal, "web_search_count": .searches,
    ]

    @Test(arguments: ExportFixture.all, [Int64(1), -1])
    func eachNumberThatIsOneOffIsFoundAndNoOther(_ fixture: ExportFixture, _ change: Int64) throws {
        let numbers = ExportNumber.all(of: fixture, fixture.members)
        #expect(numbers.count >= fixture.members.count * 3)
        var tried = 0
        for number in numbers {
            let text = number.replaced(in: fixture.bytes) { $0 + change }
            // Nothing is below 0: such a file is refused.
            if text.contains(UInt8(ascii: "-")), number.replaced(in: fixture.bytes, by: { $0 }) == fixture.bytes,
                text[number.range.lowerBound] == UInt8(ascii: "-")
            {
                #expect(throws: ExportFailure.self, "\(number)") { try ExportReader.read(text) }
                continue
            }
            tried += 1
            let result = try self.compare(fixture, text)
            let wrong = result.rows.filter { !$0.isWithin }
            #expect(wrong.count == 1, "\(number)")
            let row = try #require(wrong.first)
            #expect(row.difference == -change, "\(number)")
            #expect(row.compared == Self.classes[number.name], "\(number)")
            #expect(!result.isWithin)
            #expect(result.totals.filter { !$0.isWithin }.map(\.compared) == [row.compared])
            #expect(try self.compare(fixture, text, tolerance: .tokens(1)).isWithin)
        }
        #expect(tried > 0)
    }

    @Test(arguments: ExportFixture.all)
    func callsAndSearchesAreComparedWhereThatIsAskedFor(_ fixture: ExportFixture) throws {
        #expect(try self.compare(fixture, countsToo: true).isWithin)
        let numbers = ExportNumber.all(of: fixture, fixture.counts)
        #expect(!numbers.isEmpty)
        for number in numbers {
            let text = number.replaced(in: fixture.bytes) { $0 + 1 }
            #expect(try self.compare(fixture, text).isWithin, "\(number)")
            let wrong = try self.compare(fixture, text, countsToo: true).rows.filter { !$0.isWithin }
            #expect(wrong.map(\.compared) == [Self.classes[number.name]], "\(number)")
        }
    }

    @Test(arguments: ExportFixture.all)
    func eachCallThatIsMissingOrOneOffIsFound(_ fixture: ExportFixture) throws {
        let export = try ExportReader.read(fixture.bytes)
        for index in fixture.usage.indices {
            var less = fixture.usage
            less.remove(at: index)
            #expect(!Reconciliation(export, less, period: Self.period).isWithin)
            for tokenClass in TokenClass.allCases {
                var more = fixture.usage
                more[index].usage[tokenClass] += 1
                #expect(!Reconciliation(export, more, period: Self.period).isWithin, "\(tokenClass)")
            }
            var moved = fixture.usage
            moved[index].day += 1
            let result = Reconciliation(export, moved, period: Self.period)
            #expect(!result.isWithin)
            // Over all days it is the same.
            #expect(!result.totals.contains { !$0.isWithin })
            var renamed = fixture.usage
            renamed[index].model = Array("another".utf8)
            let other = Reconciliation(export, renamed, period: Self.period)
            #expect(!other.isWithin)
            #expect(other.gatewayOnly == [Array("another".utf8)])
        }
    }

    /// An export without any usage says 0 of everything.
    @Test(arguments: [
        "start_time,end_time,start_time_iso,end_time_iso\n1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00\n",
        "{\"object\": \"page\", \"data\": [{\"start_time\": 1795132800, \"end_time\": 1795219200, \"results\": []}], \"has_more\": false}",
        "{\"data\": [{\"starting_at\": \"2026-11-20T00:00:00Z\", \"ending_at\": \"2026-11-21T00:00:00Z\", \"results\": []}]}",
    ])
    func anExportWithoutUsageDiffersFromAnyUsage(_ text: String) throws {
        let export = try ExportReader.read(Array(text.utf8))
        let day = ExportFixture.first
        for usage in [TokenUsage(input: 1), TokenUsage(output: 1)] {
            let call = GatewayUsage(day: day, model: Array("m".utf8), usage: usage)
            let result = Reconciliation(export, [call], period: day...day)
            #expect(!result.isWithin)
            #expect(result.rows.filter { !$0.isWithin }.map(\.difference) == [1])
            #expect(result.gatewayOnly == [Array("m".utf8)] && result.exportOnly == [])
        }
        #expect(Reconciliation(export, [], period: day...day).isWithin)
    }

    @Test func callsThatNobodyKnowsOfStandBeside() throws {
        let fixture = ExportFixture.openAIJSON
        var usage = fixture.usage
        usage[0].isEstimated = true
        var unknown = usage[1]
        unknown.isBilled = false
        unknown.usage = TokenUsage(input: 5, output: 2)
        let result = Reconciliation(
            try ExportReader.read(fixture.bytes), usage + [unknown], period: Self.period)
        #expect(result.isWithin)
        let row = try #require(result.rows.first { $0.compared == .inputTotal })
        #expect((row.export, row.gateway, row.estimated, row.unknown) == (1300, 1300, 1000, 5))
    }

    @Test func onlyTheDaysOfThePeriodCount() throws {
        let fixture = ExportFixture.openAICSV
        let export = try ExportReader.read(fixture.bytes)
        let result = Reconciliation(
            export, fixture.usage.filter { $0.day == ExportFixture.first },
            period: ExportFixture.first...ExportFixture.first)
        #expect(result.isWithin)
        #expect(result.rows.allSatisfy { $0.day == ExportFixture.first })
        #expect(!Reconciliation(export, [], period: Self.period).isWithin)
        #expect(Reconciliation(export, [], period: Self.period).exportOnly.count == 2)
    }

    @Test func hugeNumbersDoNotOverflow() throws {
        let fixture = ExportFixture.anthropicCSV
        let number = try #require(ExportNumber.all(of: fixture, fixture.members).first)
        let text = number.replaced(in: fixture.bytes) { _ in 1 << 53 }
        var usage = fixture.usage
        usage[0].usage.input = .max
        usage[0].usage.audioInput = .max
        usage.append(usage[0])
        let result = Reconciliation(try ExportReader.read(text), usage, period: Self.period)
        #expect(!result.isWithin)
        #expect(result.rows.contains { $0.gateway == .max })
        #expect(throws: ExportFailure.self) {
            try ExportReader.read(number.replaced(in: fixture.bytes) { _ in (1 << 53) + 1 })
        }
    }
}
