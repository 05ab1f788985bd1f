#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The script of a stage, as dead letters name it.
package struct ScriptIdentity: Sendable {
    package let path: String
    package let sha256: String

    package init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// The record of a job that failed: everything that is needed to understand it and to try it again.
enum DeadLetter {
    static func record(
        _ delivery: Delivery,
        _ failure: JobFailure,
        id: String,
        stage: String,
        script: ScriptIdentity?,
        at date: Date
    ) -> Value {
        let time = Value.string(
            Bytes(date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)))
        )
        let job: Value = [
            "id": .string(Bytes(id)),
            "key": delivery.job.key.map { .string($0) } ?? .null,
            "metadata": delivery.job.metadata,
        ]
        let error: Value = [
            "message": .string(Bytes(failure.message)),
            "traceback": failure.traceback.map { .string(Bytes($0)) } ?? .null,
            "kind": .string(Bytes(failure.kind.rawValue)),
        ]
        let identity: Value =
            script.map { ["path": .string(Bytes($0.path)), "sha256": .string(Bytes($0.sha256))] } ?? .null
        return [
            "job": job,
            "value": delivery.job.value,
            "stage": .string(Bytes(stage)),
            "error": error,
            "attempts": [["at": time, "error": .string(Bytes(failure.message))]],
            "script": identity,
            "at": time,
        ]
    }
}
