/// What bytes go over and which never blocks: a socket, encrypted or not.
protocol ByteStream: AnyObject {
    /// What to wait for with `poll`.
    var descriptor: Int32 { get }

    /// Reads what is there.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer

    /// Writes as much as there is room for; what was not written is to be given again.
    func write(_ bytes: UnsafeRawBufferPointer) -> Transfer
}
