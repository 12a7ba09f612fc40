import Testing

@testable import Reconciliation

@Suite struct ModelNamesTests {
    private func names(_ sent: [String], _ export: [String], given: [String: String] = [:]) -> ModelNames {
        ModelNames(
            sent: Set(sent.map { Array($0.utf8) }), export: Set(export.map { Array($0.utf8) }),
            given: Dictionary(uniqueKeysWithValues: given.map { (Array($0.key.utf8), Array($0.value.utf8)) }))
    }

    private func name(_ sent: String, _ names: ModelNames) -> String {
        String(decoding: names.name(Array(sent.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        ("gpt-4o-2024-08-06", "gpt-4o"), ("gpt-3.5-turbo-0125", "gpt-3.5-turbo"), ("gpt-4-0613", "gpt-4"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"), ("claude-3-5-haiku-20241022", "claude-3-5-haiku"),
    ])
    func dates(_ name: String, _ bare: String) {
        #expect(ModelNames.withoutDate(Array(name.utf8)) == Array(bare.utf8))
    }

    @Test(arguments: [
        "", "-", "gpt-4o", "gpt-4-1106x", "gpt-4-1306", "gpt-4-0632", "x-2024-13-06", "x-1999-08-06", "20240806",
        "-20240806",
        "claude-sonnet-4-5", "text-embedding-3-small", "o1", "x-2024_08-06", "x-12345678", "x-20241",
    ])
    func noDates(_ name: String) {
        #expect(ModelNames.withoutDate(Array(name.utf8)) == nil)
    }

    @Test func namesThatWereSaidAndThatNobodyHas() {
        func texts(_ names: [[UInt8]]) -> [String] { names.map { String(decoding: $0, as: UTF8.self) } }
        let names = self.names(["a", "b"], ["x", "y"], given: ["a": "x", "b": "z", "c": "y", "d": "z"])
        #expect(texts(names.unsent) == ["c", "d"])
        #expect(texts(names.unexported) == ["z"])
        #expect(self.names(["a"], ["a"]).unsent == [])
    }

    @Test func theSameNameComesFirst() {
        let names = self.names(["gpt-4o", "gpt-4o-2024-08-06"], ["gpt-4o", "gpt-4o-2024-08-06"])
        #expect(names.matches == [] && names.choices == [])
        #expect(self.name("gpt-4o", names) == "gpt-4o")
    }

    @Test func thenTheOneWithADate() {
        let names = self.names(["gpt-4o", "gpt-4o-mini", "o1"], ["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"])
        #expect(self.name("gpt-4o", names) == "gpt-4o-2024-08-06")
        #expect(self.name("gpt-4o-mini", names) == "gpt-4o-mini-2024-07-18")
        #expect(self.name("o1", names) == "o1")
        #expect(names.matches.count == 2 && names.matches.allSatisfy { !$0.isGiven })
    }

    @Test func latestIsLeftOut() {
        let names = self.names(["claude-3-5-haiku-latest"], ["claude-3-5-haiku-20241022"])
        #expect(self.name("claude-3-5-haiku-latest", names) == "claude-3-5-haiku-20241022")
    }

    @Test func severalAreNotChosenFrom() {
        let names = self.names(["gpt-4o"], ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"])
        #expect(self.name("gpt-4o", names) == "gpt-4o")
        #expect(names.matches == [])
        #expect(names.choices.map(\.exports.count) == [2])
    }

    @Test func whatIsSaidComesBeforeEverything() {
        let names = self.names(
            ["gpt-4o", "b"], ["gpt-4o", "gpt-4o-2024-05-13"], given: ["gpt-4o": "gpt-4o-2024-05-13", "b": "elsewhere"])
        #expect(self.name("gpt-4o", names) == "gpt-4o-2024-05-13")
        #expect(self.name("b", names) == "elsewhere")
        #expect(!names.matches.contains { !$0.isGiven })
    }

    @Test func severalMayBeTheSame() throws {
        let export = try ExportReader.read(ExportFixture.openAIJSON.bytes)
        var usage = ExportFixture.openAIJSON.usage
        usage[0].model = Array("gpt-4o".utf8)
        usage[2].model = Array("mine".utf8)
        let period = ExportFixture.first...ExportFixture.second
        #expect(!Reconciliation(export, usage, period: period).isWithin)
        let given = [Array("mine".utf8): Array("o4-mini-2025-04-16".utf8)]
        #expect(Reconciliation(export, usage, period: period, given: given).isWithin)
    }
}
