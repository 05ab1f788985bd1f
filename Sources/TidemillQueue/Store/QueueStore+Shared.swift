import Glibc
import Synchronization

extension QueueStore {
    private struct Reference {
        weak var store: QueueStore?
    }

    private static let stores = Mutex<[String: Reference]>([:])

    /// The store of a file that all of this process share, so that what they write goes to the disk together.
    public static func shared(_ path: String) -> QueueStore {
        let name = resolved(path)
        return stores.withLock { stores in
            if let store = stores[name]?.store { return store }
            let store = QueueStore(path)
            stores = stores.filter { $0.value.store != nil }
            stores[name] = Reference(store: store)
            return store
        }
    }

    /// One name for a file, which need not be there yet.
    private static func resolved(_ path: String) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        guard folder != path, let real = realpath(folder.isEmpty ? "/" : folder, nil) else { return path }
        defer { free(real) }
        return String(cString: real) + "/" + path[(slash.map { path.index(after: $0) } ?? path.startIndex)...]
    }
}
