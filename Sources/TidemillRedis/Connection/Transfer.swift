/// What became of an attempt to read or write.
enum Transfer {
    /// So many bytes went over.
    case moved(Int)
    /// Nothing can be read before there is more.
    case needsInput
    /// Nothing can be written before there is room.
    case needsRoom
    /// The other side closed the connection.
    case ended
    /// It broke, for this reason.
    case failed(String)

    /// Whether all that was to go over did.
    var isDone: Bool { if case .moved = self { true } else { false } }
}
