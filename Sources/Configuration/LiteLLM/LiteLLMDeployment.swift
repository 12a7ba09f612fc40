/// One entry of `model_list` that can be carried over.
struct LiteLLMDeployment {
    /// Where it is called, and how: what a provider of our file is made of, but for its keys.
    struct Server: Hashable {
        var name: String
        /// `simulated`, or the name of a dialect.
        var dialect: String
        var baseURL: ImportedText?
        var apiVersion: String?
        var headers: [String: ImportedText] = [:]
        var dropsUnsupported = false
        /// Milliseconds.
        var timeout: Int64?
        var streamTimeout: Int64?
        var concurrency: Int64?
    }

    /// A key and what the file says it may.
    struct Key: Hashable {
        var value: ImportedText
        var requests: Int64?
        var tokens: Int64?
        var weight: Int64?
    }

    var node: DocumentNode
    /// `model_name`.
    var group: String
    /// `model_info.id`.
    var id: String?
    var server: Server
    /// As the provider knows it.
    var model: String
    var key: Key?
    /// What `weight`, `rpm` or `tpm` say, of which the first that any deployment of the group has counts.
    var weight: Int64?
    var requests: Int64?
    var tokens: Int64?
    var order: Int64?
    var retries: Int64?
    /// Members of a price, in USD per million tokens.
    var price: [(key: String, value: EffectiveValue)] = []
}
