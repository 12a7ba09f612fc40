import IPC
import Testing

@Suite struct FlowWindowTests {
    @Test func aSenderStopsAtItsWindowAndGoesOnWithCredit() throws {
        var window = SendWindow(size: 100)
        #expect(window.take(upTo: 60) == 60)
        #expect(window.take(upTo: 60) == 40)
        #expect(window.take(upTo: 1) == 0)
        try window.credit(50)
        #expect(window.take(upTo: 80) == 50)
        #expect(window.take(upTo: -5) == 0)
    }

    @Test func creditForBytesNeverSentIsRefused() throws {
        var window = SendWindow(size: 100)
        _ = window.take(upTo: 10)
        #expect(throws: FrameError.windowExceeded) { try window.credit(11) }
        #expect(throws: FrameError.windowExceeded) { try window.credit(.max) }
        try window.credit(10)
        #expect(window.available == 100)
    }

    @Test func aReceiverRefusesMoreThanItsWindow() throws {
        var window = ReceiveWindow(size: 100)
        try window.receive(100)
        #expect(throws: FrameError.windowExceeded) { try window.receive(1) }
        #expect(window.release(49) == nil)
        #expect(throws: FrameError.windowExceeded) { try window.receive(1) }
        #expect(window.release(1) == 50)
        try window.receive(50)
        #expect(throws: FrameError.windowExceeded) { try window.receive(1) }
    }

    @Test func releasingMoreThanArrivedReturnsNoMoreThanArrived() throws {
        var window = ReceiveWindow(size: 100)
        try window.receive(60)
        #expect(window.release(1_000) == 60)
        #expect(window.flush() == nil)
    }

    /// Sender and receiver together, with random steps: never more than the window in flight, and all of it comes through.
    @Test func theTwoEndsAgreeOverRandomSteps() throws {
        var numbers = SeededNumbers(seed: 42)
        var sender = SendWindow(size: 1_000)
        var receiver = ReceiveWindow(size: 1_000)
        var inFlight = 0
        var arrived = 0
        var total = 0
        while total < 200_000 {
            let sent = sender.take(upTo: Int.random(in: 0...700, using: &numbers))
            try receiver.receive(sent)
            arrived += sent
            inFlight += sent
            #expect(inFlight <= 1_000)
            let released = Int.random(in: 0...arrived, using: &numbers)
            arrived -= released
            if let credit = receiver.release(released) {
                try sender.credit(credit)
                inFlight -= Int(credit)
            }
            total += sent
            // Half a window stays unreturned at most, so the sender is never stuck once everything is released.
            if arrived == 0 { #expect(sender.available > 0) }
        }
    }
}
