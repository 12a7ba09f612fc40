/// Gets the readiness of one descriptor, on the loop that watches it.
public protocol DescriptorHandler: AnyObject {
    /// `fd` is ready. Level-triggered: what is left unread is reported again.
    func ready(_ fd: Int32, _ readiness: Readiness)
}

/// Gets called once at the end of a loop turn it asked for, to write out what the turn has gathered.
public protocol TurnEndHandler: AnyObject {
    func turnEnded()
}
