import Domain
import Glibc

/// What a body may make a provider process that its own bytes do not bound. Pure.
///
/// Found by names alone, wherever they stand: what is missed could be spent beyond a budget, and what is taken for more than
/// it is costs only a larger reservation.
struct UnboundedParts: OptionSet, Hashable {
    let rawValue: UInt8

    /// Something is fetched or decoded into a prompt: images, audio, files, the results of searches.
    static let prompt = UnboundedParts(rawValue: 1)
    /// A member that some servers take for the output's limit, or that makes more output than that.
    static let output = UnboundedParts(rawValue: 2)

    /// The provider, or the gateway for it, writes instructions of its own into the prompt, as for tools. These are bounded.
    static let instructions = UnboundedParts(rawValue: 4)
    /// The call may be served as those are who pay for not waiting.
    static let services = UnboundedParts(rawValue: 8)
    /// The provider may search as often as it likes.
    static let searches = UnboundedParts(rawValue: 16)
    private static let all: UnboundedParts = [.prompt, .output, .instructions, .services, .searches]

    private struct Name {
        var text: StaticString
        var means: UnboundedParts
        /// Not nil: only as the beginning of the value of a member of that name. Tools of callers have such names too, harmlessly.
        var member: StaticString?
        /// Values with which the member does not count, or the only ones with which it does.
        var values: [StaticString] = []
        var valuesCount = false
    }

    private static let names: [Name] =
        ([
            "image_url", "input_image", "input_audio", "input_file", "file_id", "file_data", "file_url", "video_url",
            "audio_url", "document_url", "previous_response_id", "cached_content", "chat_template", "mcp_servers",
            "context_management",
        ] as [StaticString]).map { Name(text: $0, means: .prompt, member: nil) }
        + (["web_search_options", "search_parameters", "plugins"] as [StaticString])
        .map { Name(text: $0, means: [.prompt, .searches], member: nil) }
        // Flex and batches are cheaper; what the gateway does not know, or leaves to the provider, may be dearer.
        + [
            Name(
                text: "service_tier", means: .services,
                values: [
                    "\"default\"", "\"standard\"", "\"standard_only\"", "\"flex\"", "\"batch\"", "\"on_demand\"",
                    "null",
                ]), Name(text: "speed", means: .services, values: ["\"fast\""], valuesCount: true),
        ]
        + ([
            "file", "web_search", "code_", "computer", "mcp", "image", "audio", "video", "document",
            // Tools of Anthropic's, whose definitions the request does not bring.
            "web_fetch", "text_editor", "bash", "memory", "tool_search", "container_upload",
        ] as [StaticString])
        .map { Name(text: $0, means: .prompt, member: "\"type\"") }
        // A reply that was spoken before, which the provider has kept.
        + [Name(text: "audio_", means: .prompt, member: "\"id\"")]
        + ([
            "n_predict", "num_predict", "max_new_tokens", "max_output_tokens", "best_of", "prediction",
        ] as [StaticString]).map { Name(text: $0, means: .output, member: nil) }
        + (["response_format", "output_format", "output_config", "functions"] as [StaticString])
        .map { Name(text: $0, means: .instructions, member: nil) }

    /// The names by their first byte.
    private static let byFirst: [[Name]] = (0..<256).map { byte in
        names.filter { name in unsafe Int(name.text.utf8Start[0]) == byte }
    }

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Looks through a body that is valid JSON.
    init(_ body: UnsafeRawBufferPointer) {
        self = unsafe UnboundedParts.find(in: body)
    }

    private static func find(in body: UnsafeRawBufferPointer) -> UnboundedParts {
        // Whatever is spelled with escapes may be one of the names.
        guard let start = body.baseAddress, unsafe !self.hasEscapedNames(body) else {
            return unsafe body.isEmpty ? [] : self.all
        }
        var found: UnboundedParts = []
        let names = self.byFirst
        var offset = 0
        while offset < body.count, found != self.all,
            let quote = unsafe memchr(start + offset, CInt(UInt8(ascii: "\"")), body.count - offset)
        {
            offset = unsafe start.distance(to: UnsafeRawPointer(quote)) + 1
            guard offset < body.count else { break }
            for name in names[Int(unsafe body[offset])] where unsafe self.stands(name, in: body, at: offset) {
                found.formUnion(name.means)
            }
        }
        return found
    }

    /// Whether `name` stands behind the quote in front of `offset`. In a text both quotes would have a backslash in front,
    /// so what matches is no text.
    private static func stands(_ name: Name, in body: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        let count = name.text.utf8CodeUnitCount
        guard body.count - offset > count, let start = body.baseAddress,
            unsafe memcmp(start + offset, name.text.utf8Start, count) == 0
        else { return false }
        guard let member = name.member else {
            return unsafe body[offset + count] == UInt8(ascii: "\"")
                && (name.values.isEmpty
                    || self.hasValue(name, body, behind: offset + count + 1) == name.valuesCount)
        }
        return unsafe self.isValue(of: member, body, offset - 1)
    }

    /// Whether the member whose name ends there has one of the name's values.
    private static func hasValue(_ name: Name, _ body: UnsafeRawBufferPointer, behind end: Int) -> Bool {
        guard let start = body.baseAddress else { return false }
        func skipBlanks(_ index: inout Int) {
            while index < body.count, unsafe [0x20, 0x09, 0x0A, 0x0D].contains(body[index]) { index += 1 }
        }
        var index = end
        skipBlanks(&index)
        guard index < body.count, unsafe body[index] == UInt8(ascii: ":") else { return false }
        index += 1
        skipBlanks(&index)
        return name.values.contains { value in
            let count = value.utf8CodeUnitCount
            return unsafe body.count - index >= count && memcmp(start + index, value.utf8Start, count) == 0
        }
    }

    /// Whether the string that begins with the quote at `quote` is the value of a member; `member` has its quotes.
    private static func isValue(of member: StaticString, _ body: UnsafeRawBufferPointer, _ quote: Int) -> Bool {
        func skipBlanks(_ index: inout Int) {
            while index >= 0, unsafe [0x20, 0x09, 0x0A, 0x0D].contains(body[index]) { index -= 1 }
        }
        var index = quote - 1
        skipBlanks(&index)
        guard index >= 0, unsafe body[index] == UInt8(ascii: ":") else { return false }
        index -= 1
        skipBlanks(&index)
        let count = member.utf8CodeUnitCount
        guard index + 1 >= count, let start = body.baseAddress else { return false }
        return unsafe memcmp(start + index + 1 - count, member.utf8Start, count) == 0
    }

    /// Whether a letter or the underscore is written as `\u00XX`, which no ordinary writer does.
    private static func hasEscapedNames(_ body: UnsafeRawBufferPointer) -> Bool {
        guard let start = body.baseAddress else { return false }
        var offset = 0
        while offset < body.count,
            let found = unsafe memchr(start + offset, CInt(UInt8(ascii: "\\")), body.count - offset)
        {
            let place = unsafe start.distance(to: UnsafeRawPointer(found))
            // The character behind a backslash belongs to it.
            offset = place + 2
            guard place + 5 < body.count, unsafe body[place + 1] == UInt8(ascii: "u"),
                unsafe body[place + 2] == UInt8(ascii: "0"), unsafe body[place + 3] == UInt8(ascii: "0"),
                let high = unsafe HexDigit.value(body[place + 4]), let low = unsafe HexDigit.value(body[place + 5])
            else { continue }
            let character = high << 4 | low
            if character == UInt8(ascii: "_") || (character | 0x20) &- 0x61 < 26 { return true }
        }
        return false
    }
}
