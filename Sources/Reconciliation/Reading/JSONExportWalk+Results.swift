internal import JSON

/// The results of a bucket: what was used of one model.
extension JSONExportWalk {
    mutating func result(_ cursor: inout JSONCursor, _ bucket: inout ExportBucket) {
        let start = cursor.offset
        guard bucket.count < ExportBucket.mostResults else {
            // Said once.
            if bucket.count == ExportBucket.mostResults {
                self.report("the bucket has more than \(ExportBucket.mostResults) results", at: start)
                bucket.count += 1
            }
            _ = cursor.skip()
            return
        }
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return self.report("this is no object", at: start)
        }
        var result = ExportBucket.Result(index: bucket.count, offset: start)
        bucket.count += 1
        var isBad = false
        self.members(&cursor, "", &result, &isBad)
        guard cursor.fault == nil else { return }
        if result.model == nil, !isBad {
            self.report("it has no model: ask for the report grouped by model (group_by)", at: start)
        }
        // Many results are held until their bucket ends.
        result.seen = []
        bucket.results.append(result)
    }

    /// Of a result, or of an object in it: `prefix` is then the object's name and a dot.
    private mutating func members(
        _ cursor: inout JSONCursor, _ prefix: String, _ result: inout ExportBucket.Result, _ isBad: inout Bool
    ) {
        while let key = cursor.nextKey() {
            let place = key.lowerBound - 1
            guard let inner = self.name(key, cursor) else {
                _ = cursor.skip()
                continue
            }
            let name = prefix + inner
            guard result.seen.insert(name).inserted else {
                self.report("\(ExportProblems.shown(name.utf8)) is there twice", at: place)
                _ = cursor.skip()
                continue
            }
            self.path.append(inner)
            defer { self.path.removeLast() }
            if name == "model" {
                self.model(&cursor, &result, &isBad)
            } else if name == "object" {
                self.kind(&cursor, &result)
            } else if ExportBucket.Result.names.contains(name) {
                switch self.numberOrNull(&cursor) {
                case .number(let number): result.numbers[name] = number
                case .null: break
                case .bad: result.bad.insert(name)
                }
            } else if prefix.isEmpty, inner == "cache_creation" || inner == "server_tool_use", cursor.enterObject() {
                self.members(&cursor, "\(inner).", &result, &isBad)
            } else {
                if cursor.kind == .scalar, ExportMember.isUnknownClass(inner) { result.unknown.append(name) }
                _ = cursor.skip()
            }
        }
    }

    private mutating func model(
        _ cursor: inout JSONCursor, _ result: inout ExportBucket.Result, _ isBad: inout Bool
    ) {
        let start = cursor.offset
        guard let value = cursor.skip() else { return }
        if unsafe JSONScalar.isNull(cursor.bytes(value)) { return }
        guard let text = self.string(value, cursor), let model = ExportGather.model(text) else {
            isBad = true
            return self.report("must be the name of a model", at: start)
        }
        result.model = model
    }

    /// Which report the result is of.
    private mutating func kind(_ cursor: inout JSONCursor, _ result: inout ExportBucket.Result) {
        let start = cursor.offset
        guard let value = cursor.skip(), let text = self.string(value, cursor) else { return }
        guard let kind = ExportBucket.Result.Kind(rawValue: String(decoding: text, as: UTF8.self)) else {
            return self.report("\(ExportProblems.shown(text)) is not counted in tokens by model", at: start)
        }
        result.kind = kind
    }
}
