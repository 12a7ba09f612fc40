/// How much a request may have fetched.
struct ImageLimits: Hashable {
    /// Images of one request.
    var images = 8
    /// Bytes of one image.
    var bytes = 5 << 20
    /// Bytes of all images of one request.
    var bytesTogether = 20 << 20
    /// Milliseconds for all of them.
    var time: UInt64 = 10_000
    /// How often an image's server may send on to another place.
    var redirections = 3
    /// Bytes that may come with a redirection; they are thrown away.
    var redirectionBytes = 64 << 10
    /// Bytes of all images that the worker holds.
    var bytesOfWorker = 256 << 20
    /// Connections that the worker has for images; further ones wait.
    var connections = 64
}
