/// The files that were read, or begun, by this run and earlier ones.
struct KnownFiles {
    private var byInode: [UInt64: [FileRecord]] = [:]
    /// Which file was last seen at a path.
    private var inodes: [String: UInt64] = [:]

    /// Every file once.
    var records: [FileRecord] { byInode.values.flatMap { $0 } }

    mutating func put(_ record: FileRecord) {
        byInode[record.identity.inode, default: []].removeAll { $0.isSameFile(as: record) }
        byInode[record.identity.inode, default: []].append(record)
        inodes[record.path] = record.identity.inode
    }

    /// What is known of the file that is at a path now.
    func find(_ identity: FileStatus.Identity, _ path: String) -> FileRecord? {
        byInode[identity.inode]?.first { $0.identity.device == identity.device || $0.path == path }
    }

    /// Whether another file was at the path.
    func hasSeenAnother(at path: String, than identity: FileStatus.Identity) -> Bool {
        inodes[path].map { $0 != identity.inode } ?? false
    }

    /// Forgets files that are nowhere any more, so that a journal doesn't grow for ever.
    mutating func forgetGone(unless paths: some Sequence<String>) {
        var present: Set<UInt64> = []
        for path in paths { if let status = try? FileStatus.of(path) { present.insert(status.identity.inode) } }
        for record in records where !present.contains(record.identity.inode) {
            if (try? FileStatus.of(record.path).identity.inode) != record.identity.inode {
                byInode[record.identity.inode]?.removeAll { $0 == record }
                if byInode[record.identity.inode]?.isEmpty == true { byInode[record.identity.inode] = nil }
                if inodes[record.path] == record.identity.inode { inodes[record.path] = nil }
            }
        }
    }
}
