import Configuration
import Testing

/// A text and the problems it has: each of `expected` must be how the problem at its place starts, and there are no more.
struct BadCase: Sendable, CustomTestStringConvertible {
    var text: String
    var expected: [String]

    init(_ text: String, _ expected: String...) {
        self.text = text
        self.expected = expected
    }

    var testDescription: String { self.text }

    func check() {
        let result = Document(text: self.text).result
        let problems = Document(text: self.text).problems
        #expect(result.configuration == nil)
        #expect(problems.count == self.expected.count, "\(problems)")
        for (problem, expected) in zip(problems, self.expected) {
            #expect(problem.hasPrefix(expected))
        }
    }
}
