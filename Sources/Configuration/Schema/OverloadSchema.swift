import Domain

/// Reads how much work a provider gets: `max_connections`, `concurrency`, `queue`, `breaker`.
struct OverloadSchema {
    let problems: ProblemSink

    func read(_ reader: inout MappingReader, into settings: inout ProviderSettings) {
        let connections = reader.value("max_connections", ScalarParser.integer(1...100_000))
        settings.maxConnections = connections.map { UInt32($0) } ?? settings.maxConnections
        let entry = reader.entry("concurrency")
        settings.concurrency = reader.value("concurrency", ScalarParser.integer(1...100_000)).map { UInt32($0) }
        if let entry, let calls = settings.concurrency, calls > settings.maxConnections {
            self.problems.problem(
                entry.value,
                "expected at most max_connections (\(settings.maxConnections)), as each call needs a connection: "
                    + "set both")
        }
        settings.queue = self.queue(&reader)
        settings.breaker = self.breaker(&reader)
    }

    private func queue(_ reader: inout MappingReader) -> QueueSettings {
        var queue = QueueSettings()
        guard !reader.isOff("queue") else {
            _ = reader.entry("queue")
            queue.length = 0
            return queue
        }
        var reader = reader.mapping("queue")
        let length = reader.value("length", ScalarParser.integer(0...100_000))
        queue.length = length.map { UInt32($0) } ?? queue.length
        queue.wait = reader.value("wait", ScalarParser.duration(.milliseconds(1) ... .seconds(600))) ?? queue.wait
        reader.finish()
        return queue
    }

    private func breaker(_ reader: inout MappingReader) -> BreakerSettings {
        var breaker = BreakerSettings()
        guard !reader.isOff("breaker") else {
            _ = reader.entry("breaker")
            return .off
        }
        var reader = reader.mapping("breaker")
        let failures = reader.value("failures", ScalarParser.integer(0...1000))
        breaker.failures = failures.map { UInt32($0) } ?? breaker.failures
        let rate = reader.value("error_rate") { scalar throws(ValueError) in
            scalar.boolean == false ? 0 : try PercentText.parse(scalar.text)
        }
        breaker.errorRate = rate ?? breaker.errorRate
        let requests = reader.value("requests", ScalarParser.integer(1...1000))
        breaker.requests = requests.map { UInt32($0) } ?? breaker.requests
        breaker.window = reader.value("window", ScalarParser.duration(.seconds(1) ... .seconds(600))) ?? breaker.window
        let parse = ScalarParser.duration(.milliseconds(100) ... .seconds(3600))
        let open = reader.value("open", parse)
        let longest = reader.entry("longest_open")
        let longestOpen = reader.value("longest_open", parse)
        reader.finish()
        breaker.open = open ?? breaker.open
        // One that stays open longer from the start has said how long.
        breaker.longestOpen = longestOpen ?? max(breaker.longestOpen, breaker.open)
        if let longest, let longestOpen, longestOpen < breaker.open {
            self.problems.problem(
                longest.value,
                "expected at least open (\(DurationText.text(of: .milliseconds(breaker.open)))): it is what open grows to"
            )
        }
        return breaker
    }
}
