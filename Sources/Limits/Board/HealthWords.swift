/// Which word of an entry of the board is what.
public enum HealthWords {
    /// Of a provider, and of one of its models.
    public enum Target {
        /// `BreakerWord`.
        public static let breaker = 1
        /// `CallWindowWord`.
        public static let window = 2
        /// `LatencyWord`.
        public static let latency = 3
        /// `QuantileWord`.
        public static let quantiles = 4
        /// `TrafficWord`; of providers only.
        public static let traffic = 5
        /// `FurtherCallsWord`; of providers only.
        public static let furtherCalls = 6
        /// `ShortageWord`; of providers only.
        public static let shortage = 7
    }

    /// Of a key, and of a key for one model.
    public enum Key {
        /// `CooldownWord`.
        public static let cooldown = 1
        /// `KeyOutWord`.
        public static let out = 2
        /// {status 10}: what the provider refused it with last.
        public static let status = 3
        /// How many models it was refused for, ever; 0: none is to be looked for.
        public static let models = 4
    }
}
