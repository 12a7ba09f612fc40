/// A stretch of time of an export in JSON, as far as its object was read: its members may stand in any order.
struct ExportBucket {
    /// Its begin or its end, and whose words say it.
    struct Time {
        /// Since 1970.
        let seconds: Int64
        let format: ExportFormat

        init(seconds: Int64, _ format: ExportFormat) {
            self.seconds = seconds
            self.format = format
        }
    }

    /// What was used of one model, or by one of the other things a report may be grouped by.
    struct Result {
        /// Which report it is of, as its `object` says it: those of one stretch of time may stand beside each other.
        enum Kind: String {
            case completions = "organization.usage.completions.result"
            case embeddings = "organization.usage.embeddings.result"
            case moderations = "organization.usage.moderations.result"

            /// Its models write nothing.
            var isInputOnly: Bool { self != .completions }
        }

        /// The numbers of all formats, by their names.
        static let names = Set(
            [ExportFormat.openAIJSON, .anthropicJSON].flatMap { ExportMember.members(of: $0) }.map(\.name))

        /// Its place in the bucket.
        let index: Int
        /// Bytes in front of it in the file.
        let offset: Int
        var model: [UInt8]?
        var numbers: [String: Int64] = [:]
        /// Members that nothing could be made of, which has been said.
        var bad: Set<String> = []
        /// Members that sound like tokens.
        var unknown: [String] = []
        /// The names of its members, while it is read.
        var seen: Set<String> = []
        /// Where nothing says it, that of completions: Anthropic has one report only.
        var kind = Kind.completions

        init(index: Int, offset: Int) {
            self.index = index
            self.offset = offset
        }
    }

    var start: Time?
    var end: Time?
    var hasResults = false
    var results: [Result] = []
    /// Most results of a bucket.
    static let mostResults = 100_000

    /// Results that there were, also those that could not be read.
    var count = 0
    /// A time is there, and something was said of it already.
    var hasBadTime = false

    /// Takes a time; nil for one that nothing could be made of.
    mutating func set(_ place: WritableKeyPath<ExportBucket, Time?>, _ time: Time?) {
        self[keyPath: place] = time
        if time == nil { self.hasBadTime = true }
    }
}
