extension Price {
    /// The rates of one price list: those of tokens in pico-USD per token, those of units in pico-USD per unit, or second.
    ///
    /// A class of tokens without a rate of its own costs what the class does that it is a part of; units without one cost
    /// nothing.
    public struct Rates: Hashable, Sendable {
        public var input: Int64
        public var output: Int64
        public var cacheRead: Int64?
        public var cacheWrite: Int64?
        public var cacheWriteHour: Int64?
        public var reasoning: Int64?
        public var audioInput: Int64?
        public var audioOutput: Int64?
        public var image: Int64?
        public var cacheReadAudio: Int64?
        public var cacheReadImage: Int64?
        public var imageOutput: Int64?
        public var videoInput: Int64?
        public var videoOutput: Int64?
        public var citation: Int64?
        public var units: [UnitClass: Int64]

        public init(
            input: Int64, output: Int64, cacheRead: Int64? = nil, cacheWrite: Int64? = nil,
            cacheWriteHour: Int64? = nil, reasoning: Int64? = nil, audioInput: Int64? = nil, audioOutput: Int64? = nil,
            image: Int64? = nil, cacheReadAudio: Int64? = nil, cacheReadImage: Int64? = nil, imageOutput: Int64? = nil,
            videoInput: Int64? = nil, videoOutput: Int64? = nil, citation: Int64? = nil,
            units: [UnitClass: Int64] = [:]
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
            self.cacheWriteHour = cacheWriteHour
            self.reasoning = reasoning
            self.audioInput = audioInput
            self.audioOutput = audioOutput
            self.image = image
            self.cacheReadAudio = cacheReadAudio
            self.cacheReadImage = cacheReadImage
            self.imageOutput = imageOutput
            self.videoInput = videoInput
            self.videoOutput = videoOutput
            self.citation = citation
            self.units = units
        }

        /// The rate that applies to a class.
        public subscript(_ tokenClass: TokenClass) -> Int64 {
            switch tokenClass {
            case .input: self.input
            case .cacheRead: self.cacheRead ?? self.input
            case .cacheWrite: self.cacheWrite ?? self.input
            case .cacheWriteHour: self.cacheWriteHour ?? self.cacheWrite ?? self.input
            case .output: self.output
            case .reasoning: self.reasoning ?? self.output
            case .audioInput: self.audioInput ?? self.input
            case .audioOutput: self.audioOutput ?? self.output
            case .image: self.image ?? self.input
            case .cacheReadAudio: self.cacheReadAudio ?? self.cacheRead ?? self.audioInput ?? self.input
            case .cacheReadImage: self.cacheReadImage ?? self.cacheRead ?? self.image ?? self.input
            case .imageOutput: self.imageOutput ?? self.output
            case .videoInput: self.videoInput ?? self.input
            case .videoOutput: self.videoOutput ?? self.output
            case .citation: self.citation ?? self.input
            }
        }

        /// The rate of a unit, or of a second; 0 where there is none. A search of an unusual size costs what others do where it
        /// has no rate of its own.
        public subscript(unit unitClass: UnitClass) -> Int64 {
            switch unitClass {
            case .queryLow, .queryHigh: self.units[unitClass] ?? self.units[.query] ?? 0
            default: self.units[unitClass] ?? 0
            }
        }

        /// The rate that a class has of its own; nil where it has none.
        public subscript(own tokenClass: TokenClass) -> Int64? {
            get {
                switch tokenClass {
                case .input: self.input
                case .cacheRead: self.cacheRead
                case .cacheWrite: self.cacheWrite
                case .cacheWriteHour: self.cacheWriteHour
                case .output: self.output
                case .reasoning: self.reasoning
                case .audioInput: self.audioInput
                case .audioOutput: self.audioOutput
                case .image: self.image
                case .cacheReadAudio: self.cacheReadAudio
                case .cacheReadImage: self.cacheReadImage
                case .imageOutput: self.imageOutput
                case .videoInput: self.videoInput
                case .videoOutput: self.videoOutput
                case .citation: self.citation
                }
            }
            set {
                switch tokenClass {
                case .input: self.input = newValue ?? 0
                case .cacheRead: self.cacheRead = newValue
                case .cacheWrite: self.cacheWrite = newValue
                case .cacheWriteHour: self.cacheWriteHour = newValue
                case .output: self.output = newValue ?? 0
                case .reasoning: self.reasoning = newValue
                case .audioInput: self.audioInput = newValue
                case .audioOutput: self.audioOutput = newValue
                case .image: self.image = newValue
                case .cacheReadAudio: self.cacheReadAudio = newValue
                case .cacheReadImage: self.cacheReadImage = newValue
                case .imageOutput: self.imageOutput = newValue
                case .videoInput: self.videoInput = newValue
                case .videoOutput: self.videoOutput = newValue
                case .citation: self.citation = newValue
                }
            }
        }
    }
}
