import EventLog
import Glibc
import Platform
import Testing

@testable import Supervisor

@Suite struct InheritedSocketsTests {
    private static func reason(_ variables: [String: String], _ number: Int32) -> String? {
        do throws(StartFailure) {
            try InheritedSockets(processID: 10) { variables[$0] }.check(number)
            return nil
        } catch {
            let start = "cannot listen on fd:\(number): "
            #expect(error.message.hasPrefix(start))
            #expect(error.code == 70)
            return String(error.message.dropFirst(start.count))
        }
    }

    @Test func onlySocketsForThisProcessCount() {
        #expect(
            Self.reason(["LISTEN_FDS": "1", "LISTEN_PID": "11"], 3)
                == "the sockets were passed to process 11 (LISTEN_PID), and this is process 10")
        #expect(Self.reason(["LISTEN_FDS": "1"], 3) == "LISTEN_FDS is in the environment but LISTEN_PID is not")
        for text in ["x", "-1", "1022", "99999999999"] {
            #expect(
                Self.reason(["LISTEN_FDS": text, "LISTEN_PID": "10"], 3) == "LISTEN_FDS=\(text) is no number of sockets"
            )
        }
    }

    @Test func theNumberMustBeAmongThosePassed() {
        for (count, passed) in [("0", "no socket"), ("1", "one socket, fd:3"), ("3", "3 sockets, fd:3 to fd:5")] {
            #expect(
                Self.reason(["LISTEN_FDS": count, "LISTEN_PID": "10"], 900) == "the service manager passed \(passed)")
        }
    }

    @Test func onlyAListeningStreamSocketWillDo() throws {
        let listener = try Listener(address: [127, 0, 0, 1], port: 0)
        let announced = ["LISTEN_FDS": "1021", "LISTEN_PID": "10"]
        #expect(Self.reason(announced, listener.number) == nil)
        // Nobody announced anything: whoever started us knows what they do.
        #expect(Self.reason([:], listener.number) == nil)
        #expect(Self.reason([:], 1023)?.hasPrefix("this process has no such descriptor") == true)
        let file = OwnedDescriptor(adopting: unsafe open("/dev/null", O_RDONLY | O_CLOEXEC))
        #expect(Self.reason([:], file.number) == "it is no socket")
        let datagram = OwnedDescriptor(adopting: socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0))
        #expect(Self.reason([:], datagram.number)?.hasPrefix("it is no stream socket") == true)
        let idle = OwnedDescriptor(adopting: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        #expect(Self.reason([:], idle.number)?.hasPrefix("the socket does not listen") == true)
    }
}
