extension StageSettings {
    /// A setting that does not go together with another.
    package struct Conflict: Sendable, Hashable {
        /// The setting, as a configuration names it.
        package let field: String
        /// What does not go together, and why.
        package let problem: String

        init(_ field: String, _ problem: String) {
            self.field = field
            self.problem = problem
        }
    }

    /// What can't be had together, with such a channel in front.
    package func conflicts(with channel: ChannelLimits) -> [Conflict] {
        laneConflicts(channel) + (batch == nil ? [] : batchConflicts) + (scaling == nil ? [] : scalingConflicts)
    }

    private var scalingConflicts: [Conflict] {
        guard dispatch == .perJob else { return [] }
        let problem =
            "with the dispatch `per_job` there is a worker only once there is a job for it, and nothing to scale; "
            + "give the most that there may be as a number"
        return [Conflict("workers", problem)]
    }

    private func laneConflicts(_ channel: ChannelLimits) -> [Conflict] {
        guard usesLanes else { return [] }
        var conflicts: [Conflict] = []
        if channel.capacity == 0 {
            let problem =
                "nothing is queued at a capacity of 0, so jobs of one key can't be kept apart; give the channel "
                + "a capacity of at least 1"
            conflicts.append(Conflict("channel", problem))
        }
        if order == .input, channel.overflow == .dropOldest {
            let problem =
                "a job that `drop_oldest` takes out of the middle leaves a gap in the order of the input that is "
                + "never filled; use `drop_newest`, or the order `key`"
            conflicts.append(Conflict("order", problem))
        }
        return conflicts
    }

    private var batchConflicts: [Conflict] {
        var conflicts: [Conflict] = []
        if dispatch == .idle || dispatch == .perJob {
            let problem = "`\(dispatch.rawValue)` gives a worker one job at a time, and a `batch` is many; use `shared`"
            conflicts.append(Conflict("dispatch", problem))
        }
        if usesLanes, order == .input {
            let problem =
                "where jobs of one key are kept apart, those of a `batch` have not come one after the other and "
                + "can't be put back into the order of the input; use the order `key`"
            conflicts.append(Conflict("order", problem))
        }
        if order == .key, retry != nil {
            let problem =
                "a `batch` is one piece of work: a job that failed in its middle can't be tried again before "
                + "those of its key that came after it and are done; use the order `none`, or no retry"
            conflicts.append(Conflict("retry", problem))
        }
        return conflicts
    }
}
