import IPC
import Testing

@testable import UpstreamWorker

@Suite
struct BodyCollectorTests {
    private func receive(
        _ collector: inout BodyCollector, _ bytes: [UInt8], isLast: Bool
    ) throws(FrameError) -> BodyCollector.Outcome {
        let result = unsafe bytes.withUnsafeBytes { payload in
            Result { () throws(FrameError) in unsafe try collector.receive(payload, isLast: isLast) }
        }
        return try result.get()
    }

    @Test
    func gathersExactlyWhatWasAnnounced() throws {
        var collector = BodyCollector(length: 5)
        #expect(try self.receive(&collector, [1, 2], isLast: false) == .more(credit: nil))
        #expect(try self.receive(&collector, [], isLast: false) == .more(credit: nil))
        #expect(try self.receive(&collector, [3, 4, 5], isLast: true) == .complete)
        #expect(collector.take() == [1, 2, 3, 4, 5])
        #expect(collector.take() == [])
    }

    @Test
    func anEmptyBodyIsABody() throws {
        var collector = BodyCollector(length: 0)
        #expect(try self.receive(&collector, [], isLast: true) == .complete)
    }

    @Test
    func tooMuchBreaksTheProtocolAndTooLittleIsSaid() throws {
        var long = BodyCollector(length: 3)
        #expect(throws: FrameError.malformed(.body)) { try self.receive(&long, [1, 2, 3, 4], isLast: true) }
        var short = BodyCollector(length: 3)
        #expect(try self.receive(&short, [1], isLast: true) == .short)
    }

    @Test
    func creditComesBackByHalfWindows() throws {
        var collector = BodyCollector(length: 4 << 20)
        let frame = [UInt8](repeating: 7, count: 64 << 10)
        var credited = 0
        for _ in 0..<63 {
            if case .more(let credit?) = try self.receive(&collector, frame, isLast: false) { credited += Int(credit) }
        }
        #expect(credited == 7 * WireLimits.bodyWindow / 2)
        #expect(try self.receive(&collector, frame, isLast: true) == .complete)
        #expect(collector.take().count == 4 << 20)
    }

    @Test
    func whatIsDroppedIsStillCounted() throws {
        var collector = BodyCollector(length: 4)
        #expect(try self.receive(&collector, [1, 2], isLast: false) != .complete)
        collector.drop()
        #expect(try self.receive(&collector, [3, 4], isLast: true) == .complete)
        let kept = collector.take()
        #expect(kept.isEmpty)
        var other = BodyCollector(length: 1)
        other.drop()
        #expect(throws: FrameError.malformed(.body)) { try self.receive(&other, [1, 2], isLast: true) }
    }
}
