import Tidemill

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Says what a run has left: to a program as a file or a line, to a person as text.
struct LeftoverReport {
    let leftovers: PipelineLeftovers
    /// The file that gets the whole list, if there is to be one.
    let path: String?

    /// A program finds the totals behind this, where no file was asked for.
    static let marker = "tidemill-leftovers: "

    /// Writes the file, or the line for programs; false if the file could not be written.
    func write() -> Bool {
        guard let path else {
            if !leftovers.isEmpty { complain(Self.marker + "\(leftovers.totals)") }
            return true
        }
        do {
            // Atomic: whoever finds the file finds all of it.
            try Data(leftovers.jsonLines.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            return true
        } catch {
            complain("tidemill: the list of what is left can't be written to \(path): \(error)")
            complain(Self.marker + "\(leftovers.totals)")
            return false
        }
    }

    /// For a person; nil where nothing is left.
    var text: String? {
        guard !leftovers.isEmpty else { return nil }
        let sources = leftovers.sources.filter { $0.cancelled + $0.rejected > 0 }.map { source in
            let again = source.takesJobsBack ? "they come again" : "the source does not bring them again by itself"
            return "left of \(source.name): \(counts(source)) (\(again))"
        }
        let places = leftovers.places.map { "\($0.jobs.grouped) \($0.state.phrase) \($0.node)" }
        let isWhole = leftovers.jobs.count == leftovers.jobCount
        let listed = path.map { ["\(isWhole ? "all" : leftovers.jobs.count.grouped) of them are in \($0)"] } ?? []
        return (sources + ["left where: " + places.joined(separator: ", ")] + listed).joined(separator: "\n")
    }

    private func counts(_ source: SourceLeftovers) -> String {
        let parts = [(source.cancelled, "not done"), (source.rejected, "handed back")].filter { $0.0 > 0 }
        return parts.map { "\($0.0.grouped) \($0.1)" }.joined(separator: ", ")
    }
}

extension JobState {
    /// What it means for a job to be so, in front of the node's name.
    var phrase: String {
        switch self {
        case .queued: "queued before"
        case .atWork: "at work in"
        case .waiting: "waiting for a retry in"
        case .leaving: "on the way out of"
        }
    }
}

extension PipelineLeftovers {
    /// Whether the pipeline had to leave messages, rather than hand them back one by one.
    var isStopped: Bool { sources.contains { $0.cancelled > 0 } }
}
