public import JSON

/// JSON merge patches (RFC 7396) of the members of an object.
public enum ObjectPatch {
    /// `members` with what `patch` says: null takes a member away, an object is merged into the one that is there, all else replaces.
    public static func apply(_ patch: [JSONValue.Member], to members: [JSONValue.Member]) -> [JSONValue.Member] {
        var merged = members
        for change in patch {
            let place = merged.firstIndex { $0.key.elementsEqual(change.key) }
            switch (change.value, place) {
            case (.null, let place?): merged.remove(at: place)
            case (.null, nil): break
            case (.object(let inner), let place):
                var before: [JSONValue.Member] = []
                if let place, case .object(let members) = merged[place].value { before = members }
                let value = JSONValue.object(self.apply(inner, to: before))
                if let place {
                    merged[place].value = value
                } else {
                    merged.append(JSONValue.Member(key: change.key, value: value))
                }
            case (_, let place?): merged[place].value = change.value
            case (_, nil): merged.append(change)
            }
        }
        return merged
    }
}
