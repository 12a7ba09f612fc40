extension Conversation {
    /// The URLs of its images, those in the results of tools among them, each once and in order.
    var imageURLs: [[UInt8]] {
        var urls: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        func visit(_ parts: [Part]) {
            for part in parts {
                switch part {
                case .image(let image):
                    if case .url(let url) = image.source, seen.insert(url).inserted { urls.append(url) }
                case .toolResult(let result): visit(result.parts)
                default: break
                }
            }
        }
        for turn in self.turns { visit(turn.parts) }
        return urls
    }

    /// Whether `predicate` is true of the URL of each of its images, in order, as often as it occurs.
    func allSatisfyImageURLs(_ predicate: ([UInt8]) -> Bool) -> Bool {
        func visit(_ parts: [Part]) -> Bool {
            parts.allSatisfy { part in
                switch part {
                case .image(let image):
                    if case .url(let url) = image.source { predicate(url) } else { true }
                case .toolResult(let result): visit(result.parts)
                default: true
                }
            }
        }
        return self.turns.allSatisfy { visit($0.parts) }
    }

    /// Where the first image with a URL stands in the client's request.
    func firstImagePath(_ context: TranslationContext) -> String? {
        func isRemote(_ part: Part) -> Bool {
            guard case .image(let image) = part, case .url = image.source else { return false }
            return true
        }
        let paths = RequestPath(self, context)
        for (turn, parts) in self.turns.map(\.parts).enumerated() {
            for (index, part) in parts.enumerated() {
                if isRemote(part) { return paths.part(turn, index, of: parts) }
                guard case .toolResult(let result) = part, let inner = result.parts.firstIndex(where: isRemote) else {
                    continue
                }
                return paths.part(turn, index, of: parts, inner: inner, of: result.parts)
            }
        }
        return nil
    }

    /// The conversation with the bytes of images instead of their URLs; a URL that `sources` does not name stays.
    func replacingImages(_ sources: [[UInt8]: BinarySource]) -> Conversation {
        func replaced(_ parts: [Part]) -> [Part] {
            parts.map { part in
                switch part {
                case .image(var image):
                    if case .url(let url) = image.source, let source = sources[url] { image.source = source }
                    return .image(image)
                case .toolResult(var result):
                    result.parts = replaced(result.parts)
                    return .toolResult(result)
                default: return part
                }
            }
        }
        var conversation = self
        for index in conversation.turns.indices {
            conversation.turns[index].parts = replaced(conversation.turns[index].parts)
        }
        return conversation
    }
}
