/// Opens a request stream. The stream number is the sender's choice, above all it used before on this link.
public enum StreamRequest: Hashable, WireMessage {
    public static let frameType = FrameType.request

    /// To an upstream: call a provider.
    case provider(ProviderRequest)
    /// To control or the aggregator: administration.
    case administration(AdministrationRequest)

    /// The same with its body in the link's area; administration's bodies never are.
    public func withBody(at offset: UInt64) -> StreamRequest {
        guard case .provider(var request) = self else { return self }
        request.bodyOffset = offset
        return .provider(request)
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 0: self = .provider(try ProviderRequest(from: &reader))
        case 1: self = .administration(try AdministrationRequest(from: &reader))
        default: throw WireReader.Malformed()
        }
    }

    public func write(to writer: inout WireWriter) {
        switch self {
        case .provider(let request):
            writer.write(UInt8(0))
            request.write(to: &writer)
        case .administration(let request):
            writer.write(UInt8(1))
            request.write(to: &writer)
        }
    }
}
