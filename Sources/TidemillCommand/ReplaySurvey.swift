import Tidemill
import TidemillConnectors

/// Where the chosen letters go, and which can't be replayed.
struct ReplaySurvey {
    let selection: LetterSelection
    /// How many there are for each node.
    let targets: [String: Int]
    let refusals: [String: Int]

    init(
        _ file: LetterFile,
        _ filters: LetterFilterOptions,
        _ plan: ReplayPlan,
        gone: GoneLetters,
        upTo bound: Int = .max,
        shows: Bool = false
    ) throws {
        var (targets, refusals): ([String: Int], [String: Int]) = ([:], [:])
        let survey = try LetterSurvey(file, filters, gone: gone, upTo: bound) { letter in
            do throws(ReplayPlan.Refusal) {
                targets[try plan.target(of: letter), default: 0] += 1
                if shows { print(letter.row) }
                return true
            } catch {
                if refusals.count < 100 || refusals[error.description] != nil {
                    refusals[error.description, default: 0] += 1
                }
                return false
            }
        }
        selection = survey.selection
        self.targets = targets
        self.refusals = refusals
        for (reason, count) in refusals.sorted(by: { $0.key < $1.key }) {
            complain(
                "\(file.path): \(count.letters) kept: \(reason)".printable
            )
        }
    }

    var count: Int { targets.values.reduce(0, +) }

    /// The letters that were chosen and can't be replayed, for the end of a sentence.
    var rest: String {
        let count = refusals.values.reduce(0, +)
        return count > 0 ? "; \(count.grouped) can't be replayed" : ""
    }
}
