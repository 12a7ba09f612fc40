import Testing

@testable import Reconciliation

@Suite struct ExportReaderTests {
    /// What is wrong with a text; empty where it can be read.
    private func problems(_ text: String, as format: ExportFormat? = nil) -> [String] {
        do throws(ExportFailure) {
            _ = try ExportReader.read(Array(text.utf8), as: format)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    // MARK: All formats

    @Test(arguments: ExportFixture.all)
    func theFormatIsSeen(_ fixture: ExportFixture) throws {
        let export = try ExportReader.read(fixture.bytes)
        #expect(export.format == fixture.format)
        #expect(export.notes == [])
        #expect(try ExportReader.read(fixture.bytes, as: fixture.format) == export)
        for other in ExportFormat.allCases where other != fixture.format {
            #expect(!self.problems(fixture.text, as: other).isEmpty, "\(other)")
        }
    }

    @Test func whatIsInThem() throws {
        let export = try ExportReader.read(ExportFixture.openAIJSON.bytes)
        #expect(export.rows == 4)
        #expect(export.period == ExportFixture.first...ExportFixture.second + 1)
        #expect(export.days.values.allSatisfy { $0 == 86_400_000 })
        #expect(export.classes == [.inputTotal, .cacheRead, .audioInput, .outputTotal, .audioOutput, .requests])
        let cell = ProviderExport.Cell(day: ExportFixture.first, model: Array("gpt-4o-2024-08-06".utf8))
        #expect(
            export.cells[cell] == [
                .inputTotal: 1300, .cacheRead: 640, .audioInput: 30, .outputTotal: 541, .audioOutput: 20, .requests: 7,
            ])
        let console = try ExportReader.read(ExportFixture.anthropicCSV.bytes)
        let other = try ExportReader.read(ExportFixture.anthropicJSON.bytes)
        for (cell, numbers) in other.cells {
            #expect(console.cells[cell]?.filter { $0.value > 0 } == numbers.filter { $0.value > 0 })
        }
    }

    /// Cut off anywhere it is refused, or what is left is a whole file.
    @Test(arguments: ExportFixture.all)
    func cutOffAnywhere(_ fixture: ExportFixture) {
        let bytes = fixture.bytes
        let whole = try? ExportReader.read(bytes)
        for end in 0..<bytes.count {
            guard let export = try? ExportReader.read(Array(bytes[..<end])) else { continue }
            #expect(export.rows <= (whole?.rows ?? 0), "\(end)")
        }
    }

    /// Whatever byte stands in whatever place: it is read or refused, and says where.
    @Test(arguments: ExportFixture.all)
    func otherBytesAnywhere(_ fixture: ExportFixture) {
        let bytes = fixture.bytes
        for index in bytes.indices {
            for byte: UInt8 in [0, 0x0A, 0x22, 0x2C, 0x30, 0x39, 0x5B, 0x5C, 0x7B, 0x7D, 0xC3, 0xFF] {
                var text = bytes
                text[index] = byte
                do throws(ExportFailure) {
                    _ = try ExportReader.read(text)
                } catch {
                    #expect(!error.problems.isEmpty)
                    #expect(error.problems.allSatisfy { $0.line <= 60 && !$0.reason.isEmpty })
                }
            }
        }
    }

    @Test func problemsAreBounded() throws {
        let head =
            "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens\n"
        let text = head + String(repeating: "2026-11-20,m,x,0,0,0\n", count: 5000)
        do throws(ExportFailure) {
            _ = try ExportReader.read(Array(text.utf8))
            Issue.record("it was read")
        } catch {
            #expect(error.problems.count == ExportFailure.limit)
            #expect(error.more == 5000 - ExportFailure.limit)
            #expect(error.problems[99].line == 101 && error.problems[99].column == 14)
        }
        #expect(self.problems(String(repeating: "{", count: 100_000)).count == 1)
        #expect(self.problems("[" + String(repeating: "[],", count: 1000) + "[]]").count == ExportFailure.limit)
    }

    @Test(arguments: [
        "", " \n", "\u{FEFF}", "hello", "null", "[]", "{}", "[{}]", "{\"data\": 7}", "a,b\n1,2\n", "{\"results\": []}",
    ])
    func whatIsNoExport(_ text: String) {
        #expect(!self.problems(text).isEmpty)
    }

    // MARK: JSON

    private func bucket(_ result: String, start: String = "1795132800", end: String = "1795219200") -> String {
        "{\"start_time\": \(start), \"end_time\": \(end), \"results\": [\(result)]}"
    }

    @Test(arguments: [
        ("{\"model\": \"m\", \"input_tokens\": 1.0, \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": -1, \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": \"1\", \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": 1e3, \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": 01, \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": true, \"output_tokens\": 2}", "input_tokens: must be a number"),
        ("{\"model\": \"m\", \"input_tokens\": {}, \"output_tokens\": 2}", "input_tokens: must be a number"),
        (
            "{\"model\": \"m\", \"input_tokens\": 9007199254740993, \"output_tokens\": 2}",
            "input_tokens: must be a number"
        ),
        ("{\"model\": \"m\", \"input_tokens\": null, \"output_tokens\": 2}", "results[0]: input_tokens is missing"),
        ("{\"model\": \"m\", \"output_tokens\": 2}", "results[0]: input_tokens is missing"),
        ("{\"model\": \"m\", \"input_tokens\": 1}", "results[0]: output_tokens is missing"),
        ("{\"model\": null, \"input_tokens\": 1, \"output_tokens\": 2}", "results[0]: it has no model"),
        ("{\"input_tokens\": 1, \"output_tokens\": 2}", "results[0]: it has no model"),
        ("{\"model\": 7, \"input_tokens\": 1, \"output_tokens\": 2}", "results[0].model: must be the name"),
        ("{\"model\": \"a\\u0000\", \"input_tokens\": 1, \"output_tokens\": 2}", "results[0].model: must be the name"),
        (
            "{\"model\": \"m\", \"input_tokens\": 1, \"input_tokens\": 2, \"output_tokens\": 2}",
            "input_tokens is there twice"
        ),
        (
            "{\"model\": \"m\", \"input_tokens\": 1, \"\\u0069nput_tokens\": 2, \"output_tokens\": 2}",
            "input_tokens is there twice"
        ),
        (
            "{\"object\": \"organization.usage.images.result\", \"model\": \"m\", \"input_tokens\": 1, \"output_tokens\": 2}",
            "organization.usage.images.result is not counted in tokens"
        ),
        ("7", "results[0]: this is no object"),
    ])
    func badResults(_ result: String, _ reason: String) {
        let problems = self.problems(self.bucket(result))
        #expect(problems.count == 1)
        #expect(problems.first?.contains(reason) == true, "\(problems)")
        #expect(problems.first?.hasPrefix("1:") == true)
    }

    @Test(arguments: [
        ("1795132800", "1795132800"), ("1795132800", "1795219201"), ("1795132799", "1795219200"),
        ("0", "999999999999999"),
        ("1795132800", "null"), ("\"1795132800\"", "1795219200"), ("-1", "5"),
    ])
    func badTimes(_ start: String, _ end: String) {
        #expect(self.problems(self.bucket("", start: start, end: end)).count == 1)
    }

    @Test func hoursAreOfTheirDay() throws {
        let hours = (0..<3).map { hour in
            self.bucket(
                "{\"model\": \"m\", \"input_tokens\": 2, \"output_tokens\": 1}",
                start: "\(1_795_132_800 + hour * 3600)",
                end: "\(1_795_132_800 + hour * 3600 + 3600)")
        }
        let export = try ExportReader.read(Array("{\"data\": [\(hours.joined(separator: ","))]}".utf8))
        #expect(export.days == [ExportFixture.first: 3 * 3_600_000])
        #expect(export.cells.values.map { $0[.inputTotal] } == [6])
    }

    @Test func aPageThatIsThereTwiceIsRefused() {
        let page = "{\"data\": [\(self.bucket("{\"model\": \"m\", \"input_tokens\": 2, \"output_tokens\": 1}"))]}"
        #expect(self.problems(page) == [])
        #expect(self.problems(page + "\n" + page).count == 1)
        #expect(self.problems("[\(page), \(page)]").first?.contains("twice") == true)
    }

    /// Each report of OpenAI's has pages of its own, with buckets of the same times.
    @Test func reportsOfTheSameDaysCountBeside() throws {
        func page(_ report: String, _ numbers: String) -> String {
            let object = "\"object\": \"organization.usage.\(report).result\""
            return "{\"data\": [\(self.bucket("{\(object), \"model\": \"m\", \(numbers)}"))]}"
        }
        let completions = page("completions", "\"input_tokens\": 20, \"output_tokens\": 1")
        let embeddings = page("embeddings", "\"input_tokens\": 3")
        let moderations = page("moderations", "\"input_tokens\": 500")
        let export = try ExportReader.read(Array((completions + embeddings + moderations).utf8))
        #expect(export.cells.values.map { $0[.inputTotal] } == [523])
        #expect(export.rows == 3 && export.days == [ExportFixture.first: 86_400_000])
        for again in [completions, embeddings, moderations] {
            let problems = self.problems(completions + embeddings + moderations + again)
            #expect(problems.count == 1 && problems.first?.contains("twice") == true, "\(problems)")
        }
        // Without results there is nothing that could count twice.
        let empty = "{\"data\": [\(self.bucket(""))]}"
        #expect(self.problems(empty + completions + empty + embeddings) == [])
    }

    @Test func resultsOfABucketAreBounded() {
        let result = "{\"model\":\"m\",\"input_tokens\":1,\"output_tokens\":1}"
        let most = [String](repeating: result, count: ExportBucket.mostResults).joined(separator: ",")
        let problems = self.problems(self.bucket("\(most),\(result),\(result)"))
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains("results[100000]: the bucket has more than 100000 results") == true)
    }

    @Test func vendorsAreNotMixed() {
        let other =
            "{\"starting_at\": \"2026-11-21T00:00:00Z\", \"ending_at\": \"2026-11-22T00:00:00Z\", \"results\": []}"
        #expect(self.problems(other) == [])
        #expect(self.problems(self.bucket("") + other).first?.contains("was expected") == true)
    }

    @Test func whatIsNotComparedIsSaid() throws {
        let result =
            "{\"model\": \"m\", \"input_tokens\": 2, \"output_tokens\": 1, \"telepathy_tokens\": 7, \"input_text_tokens\": 2}"
        let text = "{\"data\": [\(self.bucket(result))], \"has_more\": true}"
        let export = try ExportReader.read(Array(text.utf8))
        #expect(export.notes.count == 2)
        #expect(export.notes.contains { $0.hasPrefix("telepathy_tokens") })
    }

    @Test func audioOfTheCacheCountsAsAudio() throws {
        let result =
            "{\"model\": \"m\", \"input_tokens\": 20, \"output_tokens\": 1, \"input_audio_tokens\": 7, \"input_cached_audio_tokens\": 3}"
        let export = try ExportReader.read(Array(self.bucket(result).utf8))
        #expect(export.cells.values.first?[.audioInput] == 10)
    }

    // MARK: CSV

    private static let console =
        "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
        + "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens"

    @Test(arguments: [
        ("2026-11-20,m,1,0,0,0", "2:1: the line has 6 cells, and there are 7 columns"),
        ("2026-11-20,m,1,0,0,0,", "2:22: usage_output_tokens: must be a number"),
        ("2026-11-20,m,1.0,0,0,0,1", "2:14: usage_input_tokens_no_cache: must be a number"),
        ("2026-11-20,m, 1,0,0,0,1", "2:14: usage_input_tokens_no_cache: must be a number"),
        ("2026-11-20,m,1,0,0,0,\"1\"\"\"", "2:22: usage_output_tokens: must be a number"),
        ("2026-13-20,m,1,0,0,0,1", "2:1: usage_date_utc: must be a day"),
        ("20.11.2026,m,1,0,0,0,1", "2:1: usage_date_utc: must be a day"),
        ("2026-11-20,,1,0,0,0,1", "2:12: model_version: the model is missing"),
        ("2026-11-20,\"a\nb\",1,0,0,0,1", "2:12: model_version: must be the name"),
        ("2026-11-20,m,1,0,0,0,\"1", "2:22: the quote is never closed"),
        ("2026-11-20,m,1,0,0,0,\"1\"2", "2:25: something stands behind"),
        ("2026-11-20,m,1,0,0,0,1\"", "2:23: a quote in the middle"),
        ("", "there are no lines"),
    ])
    func badLines(_ line: String, _ reason: String) {
        let problems = self.problems(Self.console + "\n" + line)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(reason) == true, "\(problems)")
    }

    @Test func missingAndDoubledColumnsAreAllSaid() {
        #expect(self.problems("usage_date_utc,model_version\n2026-11-20,m\n").count == 4)
        #expect(self.problems(Self.console + ",model_version\n").first?.contains("twice") == true)
        #expect(self.problems("start_time,end_time,model,input_tokens\n").first?.contains("output_tokens") == true)
    }

    @Test func columnsInAnyOrder() throws {
        let text =
            "usage_output_tokens,MODEL_VERSION, usage_date_utc ,usage_input_tokens_cache_read,usage_input_tokens_cache_write,usage_input_tokens_no_cache\n5,m,2026-11-20T00:00:00Z,4,3,2"
        let export = try ExportReader.read(Array(text.utf8))
        #expect(export.classes == [.input, .cacheRead, .cacheWriteAny, .outputTotal])
        #expect(export.cells.values.first == [.input: 2, .cacheRead: 4, .cacheWriteAny: 3, .outputTotal: 5])
    }

    @Test func theExportOfDaysWithoutUsage() throws {
        let text =
            "start_time,end_time,start_time_iso,end_time_iso\n1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00\n"
        let export = try ExportReader.read(Array(text.utf8))
        #expect(export.rows == 0 && export.period == ExportFixture.first...ExportFixture.first)
        #expect(
            !Reconciliation(export, [], period: ExportFixture.first...ExportFixture.first).rows.contains {
                !$0.isWithin
            })
    }

    @Test func times() {
        func seconds(_ text: String) -> Int64? { ExportGather.seconds(Array(text.utf8)) }
        for text in [
            "2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20 00:00:00+00:00", "2026-11-20T00:00:00.000Z",
        ] { #expect(seconds(text) == 1_795_132_800) }
        #expect(seconds("2026-11-20T13:00:59Z") == 1_795_179_659)
        for text in [
            "", "2026", "2026-11-31", "1969-12-31", "2026-11-20T", "2026-11-20T00:00:00", "2026-11-20T00:00:00+01:00",
            "2026-11-20T00:00:00.5Z", "2026-11-20T24:00:00Z", "2026-11-20T00:00:00ZZ", "2026/11/20", "2026-11-20x",
        ] { #expect(seconds(text) == nil, "\(text)") }
    }
}
