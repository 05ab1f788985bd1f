import Synchronization
import Tidemill
import TidemillLua

/// Stops the script of one worker: the job at hand, wherever it is, or what runs outside of any job.
///
/// Which job is at hand is asked of the Lua state itself, so that a run of jobs costs no more than one.
final class ScriptStopper: Stoppable {
    private struct State {
        var interrupter: LuaInterrupter?
        /// The call that handles the batch's first jobs, or will.
        var generation: UInt64 = 0
        /// How many jobs are one piece of work to it, if not one after the other.
        var whole: Int?
        var wait: Task<LuaReply, any Error>?
        var isStopped = false

        /// Whether the call has come to any of its jobs.
        var hasBegun: Bool { interrupter?.position.generation == generation }

        /// The job that it is at, counted from the batch's first.
        var input: Int {
            guard let position = interrupter?.position, position.generation == generation else { return 0 }
            return position.input
        }
    }

    private let executor: (any TaskExecutor)?
    private let state = Mutex(State())

    /// Waits run on `executor`, if there is one.
    init(executor: (any TaskExecutor)?) { self.executor = executor }

    /// Looks after a state from now on, and after the next of its calls: one of `handle`, or of `handle_batch` for so
    /// many jobs as a whole.
    func begin(_ interrupter: LuaInterrupter?, _ generation: UInt64, whole: Int? = nil) {
        state.withLock { state in
            state.whole = whole
            state.interrupter = interrupter
            state.generation = generation
            state.isStopped = false
        }
    }

    /// The next call is one of `handle_batch`, and nobody knows for how many jobs: none of them is stopped alone.
    func awaitBatch() { state.withLock { $0.whole = .max } }

    var atHand: Range<Int> {
        state.withLock { state in
            if let whole = state.whole { return 0..<whole }
            return state.input..<state.input + 1
        }
    }

    /// The Lua call is interrupted; the worker's task is as good as before.
    var stopsByCancellation: Bool { false }

    func stop(_ index: Int) {
        let (wait, interrupter, generation, hasBegun) = state.withLock { state in
            state.isStopped = true
            return (state.wait, state.interrupter, state.generation, state.hasBegun)
        }
        if hasBegun {
            interrupter?.interrupt(generation, input: index)
        } else {
            // The call is about to begin. Should it be at the next job when this arrives, that one is done again.
            interrupter?.interrupt(generation)
        }
        wait?.cancel()
    }

    /// Stops what runs, whatever it is.
    func stopCall() {
        let (wait, interrupter) = state.withLock { state in
            state.isStopped = true
            return (state.wait, state.interrupter)
        }
        interrupter?.interruptAll()
        wait?.cancel()
    }

    /// Whether what is at hand was told to stop.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Does what a script waits for in a task of its own, which can be cancelled without the worker's.
    func wait(_ operation: @escaping LuaOperation) async -> Result<LuaReply, any Error> {
        let task = Task(executorPreference: executor) { try await operation() }
        let isStopped = state.withLock { state in
            state.wait = task
            return state.isStopped
        }
        if isStopped { task.cancel() }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        state.withLock { $0.wait = nil }
        return result
    }
}
