extension Pipeline {
    /// How many workers a stage has.
    ///
    /// - Throws: ``PipelineError`` when there is no stage of that name.
    public func workers(of stage: String) throws(PipelineError) -> Int { try part(stage).size.value }

    /// Gives a stage so many workers, while the pipeline runs.
    ///
    /// New ones start at once. Those that are too many leave when they have done what they took; no job is lost or waits
    /// for that. Of a worker that can't be started the log tells, and the others go on. A stage whose workers are scaled
    /// goes on from there.
    ///
    /// - Throws: ``PipelineError`` when there is no stage of that name, or the pipeline does not run, or the stage's
    ///   ``StageSettings/scaling`` does not allow so many.
    public func resize(_ stage: String, to workers: Int) throws(PipelineError) {
        guard workers >= 1 else { throw PipelineError(.workers, node: stage, "a stage has at least one worker") }
        try change(stage) { _ in workers }
    }

    /// Gives a stage one more worker.
    ///
    /// - Throws: as ``resize(_:to:)``.
    public func addWorker(to stage: String) throws(PipelineError) {
        try change(stage) { $0 + 1 }
    }

    /// Takes one worker away from a stage; the last one stays.
    ///
    /// - Throws: as ``resize(_:to:)``.
    public func removeWorker(from stage: String) throws(PipelineError) {
        try change(stage) { max($0 - 1, 1) }
    }

    private func change(_ stage: String, _ newSize: @Sendable (Int) -> Int) throws(PipelineError) {
        let pool = try pool(stage)
        let sizes = pool.settings.scaling?.sizes
        if let sizes, !sizes.contains(newSize(pool.counts.size)) {
            let text = "its workers are scaled between \(sizes.lowerBound) and \(sizes.upperBound)"
            throw PipelineError(.workers, node: stage, text)
        }
        pool.resize("by hand") { size in
            sizes.map { min(max(newSize(size), $0.lowerBound), $0.upperBound) } ?? newSize(size)
        }
    }

    private func part(_ stage: String) throws(PipelineError) -> PipelineParts.Part {
        let part = parts.parts.first { $0.node.name == stage && !$0.node.isSource && !$0.node.isSink }
        guard let part else { throw PipelineError(.workers, node: stage, "there is no such stage") }
        return part
    }

    private func pool(_ stage: String) throws(PipelineError) -> WorkerPool {
        _ = try part(stage)
        guard let pool = parts.runningPools.first(where: { $0.node == stage }) else {
            throw PipelineError(.workers, node: stage, "the number of workers changes only while the pipeline runs")
        }
        return pool
    }
}
