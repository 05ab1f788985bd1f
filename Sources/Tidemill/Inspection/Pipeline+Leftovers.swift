extension Pipeline {
    /// What the run did not settle for good; complete once ``run()`` has come back, and until then what is known so
    /// far.
    public var leftovers: PipelineLeftovers {
        let takesJobsBack = parts.parts.compactMap { part in
            if case .source(let source) = part.node.role { source.takesJobsBack } else { nil }
        }
        return PipelineLeftovers(parts.leftovers, parts.ledgers, parts.sources, takesJobsBack)
    }
}
