import Domain
public import EventLog
import JSON
import UsageStore

/// `events`: what happens to requests, for who follows it. `GET events` answers what has happened since the answer before (`after`), or since
/// a time (`since`); where that is nothing it waits for up to `wait_ms`.
///
/// Nothing is read while nobody asks. Lives on one thread; what is known of those who ask is shared with others.
public final class EventsResource: AdministrationResource {
    /// Events in one answer.
    static let pageLimit = 500
    /// Milliseconds an answer may be waited for, and between two looks meanwhile.
    static let longestWait: Int64 = 30_000
    static let pause: UInt64 = 200
    /// Milliseconds by which rows may be written after what they tell of: what was over so shortly before is told again to who goes on.
    private static let delay: UInt64 = 2000
    /// Bytes of JSON in one answer; a frame has some more.
    private static let room = 768 << 10

    private let file: UsageFile
    private let writer: RequestWriter
    private let followers: EventFollowers
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(
        file: UsageFile, names: any EntityNames, followers: EventFollowers,
        clock: @escaping () -> UInt64 = Timestamp.now
    ) {
        self.file = file
        self.writer = RequestWriter(names: names)
        self.followers = followers
        self.clock = clock
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["events"], id: "followEvents", summary: "Tells what happens to requests, as it happens.",
                tag: "usage",
                parameters: [
                    APIParameter("org", in: .query, .id(.organization), "Only of this organization's requests."),
                    APIParameter(
                        "after", in: .query, .string(pattern: EventCursor.pattern),
                        "The `next` of the answer before; what comes from now on where it is missing."),
                    APIParameter("since", in: .query, .time, "Instead of `after`: what came from then on."),
                    APIParameter(
                        "wait_ms", in: .query, .integer(0...Self.longestWait),
                        "How long to wait where nothing has happened yet; 0 where it is missing."),
                    .limit(Self.pageLimit),
                ], replies: [200: Self.schema], handler: self.get)
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: organization.map { .organization($0) } ?? .gateway)
        let cursor = try Self.cursor(&call)
        let since = try call.fields.time("since")
        guard cursor == nil || since == nil else {
            throw .unusable("since", "after and since exclude each other")
        }
        let wait = try call.fields.count("wait_ms") ?? 0
        let limit = Int(min(max(1, try call.fields.count("limit") ?? 200), Int64(Self.pageLimit)))
        try call.fields.end()
        self.writer.begin()
        let now = self.clock()
        let known = cursor.flatMap { self.followers.take($0, organization: organization) }
        var entry = known ?? Self.entry(cursor, since, organization)
        if entry.rest.isEmpty {
            let follower = entry.follower
            let found = try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
                var follower = follower
                let events = try reader.follow(&follower, now: now, limit: limit, isOverdue: isOverdue)
                return (follower, events)
            }
            if let (follower, events) = found {
                (entry.follower, entry.rest) = (follower, events)
            } else if cursor == nil, since == nil {
                // There is no record yet; when there are, they are what has come from now on.
                entry.follower = RequestFollower(.since(now), organization: organization)
            }
        }
        let texts = self.page(of: &entry, limit: limit)
        let next = EventCursor(
            follower: cursor?.follower ?? .random(in: .min ... .max), watermark: entry.follower.watermark, time: now)
        entry.cursor = next
        self.followers.put(entry, now: now)
        var reply = AdministrationReply { writer in
            writer.key("data")
            writer.beginArray()
            for text in texts { writer.raw(text) }
            writer.endArray()
            writer.key("next")
            writer.string(next.text)
            writer.key("resumed")
            writer.bool(cursor != nil && known == nil)
        }
        if texts.isEmpty, wait > 0 {
            reply.sequel = .again(Self.question(call.request, next, wait: wait), milliseconds: Self.pause)
        }
        return reply
    }

    private static func cursor(_ call: inout AdministrationCall) throws(AdministrationFailure) -> EventCursor? {
        guard let text = try call.fields.text("after") else { return nil }
        guard let cursor = EventCursor(text) else {
            throw .unusable("after", "after must be the next of an answer before")
        }
        return cursor
    }

    /// Of one of whom nothing is known.
    private static func entry(
        _ cursor: EventCursor?, _ since: UInt64?, _ organization: EntityID?
    ) -> EventFollowers.Entry {
        let start: RequestFollower.Start =
            if let cursor {
                .after(cursor.watermark, endedSince: cursor.time > Self.delay ? cursor.time - Self.delay : 0)
            } else if let since {
                .since(since)
            } else {
                .now
            }
        return EventFollowers.Entry(follower: RequestFollower(start, organization: organization))
    }

    /// Takes as many events out of `rest` as go into one answer, as JSON.
    private func page(of entry: inout EventFollowers.Entry, limit: Int) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        var bytes = 0
        for event in entry.rest.prefix(limit) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("event")
            writer.string(event.what.label)
            writer.key("at")
            writer.string(TimeText.text(milliseconds: event.time))
            self.writer.write(event.request, to: &writer)
            writer.endObject()
            bytes += writer.bytes.count + 1
            guard texts.isEmpty || bytes <= Self.room else { break }
            texts.append(writer.bytes)
        }
        entry.rest.removeFirst(texts.count)
        return texts
    }

    /// The same question, from where this answer has come to.
    private static func question(
        _ request: AdministrationRequest, _ next: EventCursor, wait: Int64
    ) -> AdministrationRequest {
        var question = request
        let changed = ["after", "since", "wait_ms"]
        question.body.removeAll { member in changed.contains { $0.utf8.elementsEqual(member.key) } }
        question.body += [
            JSONValue.Member(key: Array("after".utf8), value: .string(Array(next.text.utf8))),
            JSONValue.Member(key: Array("wait_ms".utf8), value: .integer(max(0, wait - Int64(Self.pause)))),
        ]
        return question
    }
}

extension EventsResource {
    /// An event is the request as it was known then, with what has happened.
    static let schema = APISchema.named(
        "Events",
        .object([
            .init(
                "data",
                .array(
                    .named(
                        "Event",
                        .object(
                            [
                                .init("event", .oneOf(["start", "stop", "exception"])), .init("at", .timestamp),
                            ] + RequestsResource.members)))),
            .init("next", .string(pattern: EventCursor.pattern), "What `after` is for the next question."),
            .init(
                "resumed", .boolean,
                "Nothing was known any more of who asks: what was over shortly before may be told again."),
        ]))
}

extension RequestEvent.What {
    /// The word in answers.
    var label: String {
        switch self {
        case .start: "start"
        case .stop: "stop"
        case .exception: "exception"
        }
    }
}
