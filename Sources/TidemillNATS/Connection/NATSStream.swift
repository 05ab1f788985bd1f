import CNATS
import TidemillBroker

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A stream that has to be there, and how to make it where it may be made.
public struct NATSStream: Hashable, Sendable {
    /// How a stream is made.
    public struct Creation: Hashable, Sendable {
        /// What it takes in; may have wildcards.
        public var subjects: [String]
        /// How many servers keep each message.
        public var replicas = 1
        /// Whether a message goes once it is acknowledged.
        public var isWorkQueue = false

        /// A stream on one server that keeps its messages.
        public init(subjects: [String]) { self.subjects = subjects }
    }

    /// Its name.
    public var name: String
    /// How it is made where it is missing; nil: a missing stream is an error.
    public var creation: Creation?

    /// A stream that has to be there, unless `creation` says how it is made.
    public init(_ name: String, creation: Creation? = nil) { (self.name, self.creation) = (name, creation) }
}

extension NATSStream {
    /// Finds the stream, or makes it.
    ///
    /// - Throws: ``BrokerError``.
    func ensure(on connection: NATSConnection) throws {
        try connection.calling("find the stream \"\(name)\" at \(connection.place)") { () throws(NATSFailure) in
            do throws(NATSFailure) {
                return try find(connection)
            } catch {
                guard error.says(JSStreamNotFoundErr), let creation else { throw error }
                try make(creation, connection)
            }
        }
    }

    private func find(_ connection: NATSConnection) throws(NATSFailure) {
        var (info, code) = (UnsafeMutablePointer<jsStreamInfo>?.none, jsErrCode(0))
        let status = js_GetStreamInfo(&info, connection.jetStream, name, nil, &code)
        jsStreamInfo_Destroy(info)
        guard status != NATS_OK else { return }
        // The library tells a missing stream from other errors by the status alone.
        let isMissing = status == NATS_NOT_FOUND || code == JSStreamNotFoundErr
        guard isMissing else { return try check(status, code: code) }
        throw NATSFailure(status, code: JSStreamNotFoundErr.rawValue, detail: "there is no such stream")
    }

    private func make(_ creation: Creation, _ connection: NATSConnection) throws(NATSFailure) {
        var subjects = creation.subjects.map { UnsafePointer(strdup($0)) }
        let copy = UnsafePointer(strdup(name))
        defer { for text in subjects + [copy] { free(UnsafeMutablePointer(mutating: text)) } }
        let (status, code) = subjects.withUnsafeMutableBufferPointer { subjects in
            var (configuration, code) = (jsStreamConfig(), jsErrCode(0))
            jsStreamConfig_Init(&configuration)
            configuration.Name = copy
            configuration.Subjects = subjects.baseAddress
            configuration.SubjectsLen = Int32(subjects.count)
            configuration.Replicas = Int64(creation.replicas)
            configuration.Retention = creation.isWorkQueue ? js_WorkQueuePolicy : js_LimitsPolicy
            let status = js_AddStream(nil, connection.jetStream, &configuration, nil, &code)
            return (status, code)
        }
        // Somebody else may have made it at the same time.
        if code == JSStreamNameExistErr { return }
        try check(status, code: code)
    }
}
