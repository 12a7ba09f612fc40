import Domain
import IPC
import Testing

@Suite struct FrameCodecTests {
    private static let everyType = FrameTypeSet(FrameType.allCases)

    @Test func everyMessageComesBackAsItWas() throws {
        for message in SampleMessages.all {
            let frame = message.frame(stream: 77)
            try unsafe frame.withUnsafeBytes { bytes in
                let header = try #require(unsafe try FrameHeader(bytes, accepting: Self.everyType))
                #expect(Int(header.length) == bytes.count - WireLimits.header)
                #expect(header.stream == 77)
                let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[WireLimits.header...])
                let decoded = unsafe try SampleMessages.decode(header.type, payload)
                #expect(AnyHashable(decoded) == AnyHashable(message))
            }
        }
    }

    /// A provider may say more than a frame's reader takes: that must not cost the link.
    @Test func whatAProviderSaysIsCutToWhatCrosses() throws {
        // Three bytes each: the limits lie within a character.
        let long = String(repeating: "€", count: 6000)
        let end = StreamEnd(
            failure: GatewayError(
                code: long, type: long, status: 999, source: .provider, message: long, param: long))
        let frame = end.frame()
        let read = try unsafe frame.withUnsafeBytes {
            unsafe try StreamEnd(payload: UnsafeRawBufferPointer(rebasing: $0[WireLimits.header...]))
        }
        let failure = try #require(read.failure)
        #expect(failure.code == String(long.prefix(85)) && failure.type == failure.code)
        #expect(failure.param == failure.code && failure.status == 599)
        #expect(failure.message == String(long.prefix(5461)))
    }

    @Test func aHeaderNeedsSixteenBytesAndNoMore() throws {
        let frame = Credit(bytes: 1).frame(stream: 3)
        for count in 0...frame.count {
            try unsafe frame.withUnsafeBytes { bytes in
                let header = unsafe try FrameHeader(
                    UnsafeRawBufferPointer(rebasing: bytes[..<count]), accepting: Self.everyType)
                #expect((header != nil) == (count >= 16))
            }
        }
    }

    @Test func everyTruncatedPayloadIsRefused() throws {
        for message in SampleMessages.all {
            let frame = message.frame()
            for count in WireLimits.header..<frame.count {
                unsafe frame.withUnsafeBytes { bytes in
                    let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[WireLimits.header..<count])
                    #expect(throws: FrameError.self) {
                        _ = unsafe try SampleMessages.decode(type(of: message).frameType, payload)
                    }
                }
            }
        }
    }

    @Test func aLengthBeyondTheTypesBoundIsRefusedFromTheHeaderAlone() {
        for type in FrameType.allCases {
            for length in [type.maximumLength &+ 1, UInt32.max, UInt32.max - 15, 0x8000_0000] {
                var bytes: [UInt8] = []
                FrameHeader(type: type, stream: 1, length: length).append(to: &bytes)
                _ = unsafe bytes.withUnsafeBytes { header in
                    #expect(throws: FrameError.tooLong(type, length)) {
                        unsafe try FrameHeader(header, accepting: Self.everyType)
                    }
                }
            }
            #expect(type.maximumLength <= UInt32(WireLimits.frame))
        }
    }

    @Test func unknownAndUnacceptedTypesAndReservedBitsAreRefused() {
        for raw in UInt8.min...UInt8.max {
            let bytes: [UInt8] = [0, 0, 0, 0, raw, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
            _ = unsafe bytes.withUnsafeBytes { header in
                let type = FrameType(rawValue: raw)
                if type == nil {
                    #expect(throws: FrameError.unknownType(raw)) {
                        unsafe try FrameHeader(header, accepting: Self.everyType)
                    }
                } else if let type, !FrameTypeSet.client.contains(type) {
                    #expect(throws: FrameError.unexpectedType(type)) {
                        unsafe try FrameHeader(header, accepting: .client)
                    }
                }
            }
        }
        let reserved: [UInt8] = [0, 0, 0, 0, FrameType.cancel.rawValue, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
        _ = unsafe reserved.withUnsafeBytes { header in
            #expect(throws: FrameError.reservedBits) { unsafe try FrameHeader(header, accepting: Self.everyType) }
        }
        // Only a BODY has a flag, and it has one.
        for type in FrameType.allCases {
            for flags in UInt8.min...UInt8.max {
                var bytes: [UInt8] = []
                FrameHeader(type: type, flags: flags, stream: 1, length: 0).append(to: &bytes)
                let isKnown = flags == 0 || (type == .body && flags == FrameHeader.lastFlag)
                unsafe bytes.withUnsafeBytes { header in
                    do throws(FrameError) {
                        let decoded = unsafe try FrameHeader(header, accepting: Self.everyType)
                        #expect(isKnown && decoded?.flags == flags, "\(type) with flags \(flags)")
                    } catch {
                        #expect(!isKnown && error == .reservedBits, "\(type) with flags \(flags)")
                    }
                }
            }
        }
    }

    /// 10,000 frames with flipped, inserted and removed bytes and false counts: decoding either works or throws, and what it
    /// makes is never larger than what came.
    @Test func tenThousandMutatedFramesNeitherTrapNorGrow() throws {
        var numbers = SeededNumbers(seed: 0x5EED)
        var refused = 0
        for round in 0..<10_000 {
            let message = SampleMessages.all[round % SampleMessages.all.count]
            var frame = message.frame(stream: 5)
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let place = Int.random(in: 0..<frame.count, using: &numbers)
                switch UInt8.random(in: 0..<4, using: &numbers) {
                case 0: frame[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
                case 1: frame[place] = 0xFF
                case 2: frame.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
                default: if frame.count > 1 { frame.remove(at: place) }
                }
            }
            _ = unsafe frame.withUnsafeBytes { bytes in
                do throws(FrameError) {
                    guard let header = unsafe try FrameHeader(bytes, accepting: Self.everyType) else {
                        refused += 1
                        return
                    }
                    #expect(header.length <= UInt32(WireLimits.frame))
                    let end = min(bytes.count, WireLimits.header + Int(header.length))
                    let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[min(16, end)..<end])
                    let decoded = unsafe try SampleMessages.decode(header.type, payload)
                    #expect(Self.footprint(decoded) <= payload.count)
                } catch {
                    refused += 1
                }
            }
        }
        // Most mutations hit a length, a count or an enumeration; if none were refused the checks would be gone.
        #expect(refused > 3_000)
    }

    /// Bytes a decoded message holds in arrays and strings.
    private static func footprint(_ message: any Hashable) -> Int {
        switch message {
        case let request as StreamRequest:
            switch request {
            case .provider(let provider):
                provider.calls.reduce(0) { sum, call in
                    call.splices.reduce(sum + call.target.model.count) { $0 + $1.replacement.count }
                }
            case .administration(let request): request.method.utf8.count + request.path.utf8.count
            }
        case let offer as MetricPageOffer: offer.pages.count
        case let end as StreamEnd:
            (end.failure?.message.utf8.count ?? 0) + end.attempts.reduce(0) { $0 + $1.error.utf8.count }
        case let hello as Hello: hello.build.count
        default: 0
        }
    }

    @Test func onlyAFurtherAttemptForAReasonIsAskedFor() {
        for payload: [UInt8] in [[0, 0, 1], [0, 1, 1], [0, 2, 0], [0, 2, 5], [0, 2], [0, 2, 1, 0]] {
            _ = unsafe payload.withUnsafeBytes { bytes in
                #expect(throws: FrameError.malformed(.attempt)) { unsafe try FurtherAttempt(payload: bytes) }
            }
        }
        for payload: [UInt8] in [[], [2], [255], [1, 0]] {
            _ = unsafe payload.withUnsafeBytes { bytes in
                #expect(throws: FrameError.malformed(.grant)) { unsafe try Grant(payload: bytes) }
            }
        }
    }

    @Test func aRequestHasOneTo64Calls() throws {
        guard case .provider(var request) = SampleMessages.request else { return }
        let call = request.calls[1]
        for (count, isGood) in [(0, false), (1, true), (64, true), (65, false)] {
            request.calls = Array(repeating: call, count: count)
            let decoded = Self.decoded(StreamRequest.provider(request).frame(), .request)
            #expect((decoded == AnyHashable(StreamRequest.provider(request))) == isGood)
        }
    }

    @Test func soManyPagesComeAtOnce() {
        for (count, isGood) in [(0, true), (MetricPageOffer.limit, true), (MetricPageOffer.limit + 1, false)] {
            let offer = MetricPageOffer(pages: .init(repeating: .init(role: .edge, slot: 1), count: count))
            #expect((Self.decoded(offer.frame(), .metricPages) == AnyHashable(offer)) == isGood)
            #expect(offer.frame().count <= Int(FrameType.metricPages.maximumLength))
        }
    }

    @Test func aTrailHasAnEndAndKnownSteps() throws {
        let step = TrailStep(.failed, call: 1, detail: 503, at: 10)
        for (count, isGood) in [(TrailStep.maximumCount, true), (TrailStep.maximumCount + 1, false)] {
            let end = StreamEnd(trail: Array(repeating: step, count: count))
            #expect((Self.decoded(end.frame(), .end) == AnyHashable(end)) == isGood)
        }
        // The kind is the first byte of the only step, ten bytes before the end.
        var frame = StreamEnd(trail: [step]).frame()
        for kind: UInt8 in [0, 17, 255] {
            frame[frame.count - 10] = kind
            #expect(Self.decoded(frame, .end) == nil)
        }
    }

    /// Nil where it is refused.
    private static func decoded(_ frame: [UInt8], _ type: FrameType) -> AnyHashable? {
        unsafe frame.withUnsafeBytes { bytes in
            let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[WireLimits.header...])
            guard let decoded = unsafe try? SampleMessages.decode(type, payload) else { return nil }
            return AnyHashable(decoded)
        }
    }

    @Test func headerValuesWithLineBreaksAreRefused() {
        for bad in ["a\r\nset-cookie: x", "a\u{0}b", "ä", "a\u{7F}"] {
            let head = ResponseHead(status: 200, isStream: false, contentType: Array(bad.utf8))
            _ = unsafe head.frame().withUnsafeBytes { bytes in
                #expect(throws: FrameError.malformed(.responseHead)) {
                    unsafe try ResponseHead(payload: UnsafeRawBufferPointer(rebasing: bytes[16...]))
                }
            }
        }
    }
}
