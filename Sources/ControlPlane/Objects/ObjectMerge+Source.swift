import Administration
import Configuration

extension ObjectMerge {
    /// What `result`, which has no problems, and the objects of `source` are together. An object that nobody can read is left out.
    static func made(
        of source: ConfigurationSource, _ result: ConfigurationResult, _ codec: ObjectCodec
    ) -> ObjectMerge {
        let (objects, unreadable) = codec.readable(source.objects)
        return ObjectMerge(result, objects, unreadable: unreadable)
    }

    /// The same where all objects must be readable, as they were before; throws which one is not, in a line.
    static func remade(
        of source: ConfigurationSource, _ result: ConfigurationResult, _ codec: ObjectCodec
    ) throws(ObjectCodec.Unreadable) -> ObjectMerge {
        ObjectMerge(result, try codec.objects(of: source.objects))
    }
}
