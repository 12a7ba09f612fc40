import Dialects
import Domain
import JSON

/// What a stream became on its way to a client, and what was seen of it.
struct TranslatedStream: Equatable {
    /// UTF-8 throughout.
    var text = ""
    var end: ReplyStreamEnd?
    var fault: StreamFault?
    var usage: TokenUsage?
    var finish = FinishReason.none
    /// Nothing may be released before the first content, nor inside an event.
    var releasesAreWhole = true

    /// Feeds the pieces as the upstream does; a complete stream ends with the usage that was told.
    init(
        _ pieces: [[UInt8]], _ context: TranslationContext, reader: DialectReader = DialectReader(),
        isEstimated: Bool = false
    ) {
        let stream = context.stream(askedForUsage: false, reader: reader)
        do throws(StreamFault) {
            for piece in pieces {
                var fault: StreamFault?
                unsafe piece.withUnsafeBytes { bytes in
                    do throws(StreamFault) {
                        unsafe try stream.feed(bytes) { unsafe self.take($0) }
                    } catch {
                        fault = error
                    }
                }
                if let fault { throw fault }
                if !self.text.isEmpty, !stream.hasContent { self.releasesAreWhole = false }
            }
            self.end = unsafe try stream.finish { unsafe self.take($0) }
            if self.end == .complete {
                unsafe stream.conclude(usage: stream.usage, isEstimated: isEstimated) { unsafe self.take($0) }
            }
        } catch {
            self.fault = error
        }
        self.usage = stream.usage
        self.finish = stream.finish
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard let text = unsafe String(validating: bytes, as: UTF8.self), text.hasSuffix("\n\n") else {
            self.releasesAreWhole = false
            return
        }
        self.text += text
    }

    /// The payloads of the events.
    var payloads: [String] {
        self.text.split(separator: "\n\n").map { String($0.dropFirst("data: ".count)) }
    }

    /// The chunks without what they all begin with, as `{…"choices":[` … `]}`; the common beginning comes first.
    var chunks: (head: String, tails: [String]) {
        let marker = "\"choices\":["
        let payloads = self.payloads.map { payload -> (String, String) in
            let parts = payload.split(separator: marker, maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("", payload)
        }
        let heads = Set(payloads.map(\.0)).subtracting([""])
        return (heads.count == 1 ? heads.first ?? "" : "\(heads.count) heads", payloads.map(\.1))
    }

    static func context(
        _ dialect: Dialect, _ endpoint: Endpoint = .chatCompletions, wantsUsage: Bool = false
    ) -> TranslationContext {
        var row = ProviderTable.row(dialect)
        row.isExact = false
        return TranslationContext(
            endpoint: endpoint, row: row, provider: "p", isStream: true, wantsUsage: wantsUsage,
            nonce: Array("n0".utf8), now: 1_700_000_000)
    }
}
