import ArgumentParser

/// How long a command waits: `30s`, `5m`, `1h`, or a number of seconds.
struct WaitLimit: ExpressibleByArgument {
    let seconds: Double

    init(seconds: Double) {
        self.seconds = seconds
    }

    init?(argument: String) {
        let units: [UInt8: Int] = [UInt8(ascii: "s"): 1, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3600]
        let unit = argument.utf8.last.flatMap { units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard (1...6).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(digits)
        else { return nil }
        self.seconds = Double(count * (unit ?? 1))
    }

    var defaultValueDescription: String { "\(Int(self.seconds))s" }
}
