import Tidemill
import TidemillValue

/// Renders a template into batches; texts share one piece of memory, so that a line costs no allocation.
struct TemplateRendering: ~Copyable {
    private let template: GeneratorTemplate
    private let seed: UInt64
    private var writer = ByteWriter()
    private var ends: [Int] = []

    init(_ template: GeneratorTemplate, seed: UInt64) {
        self.template = template
        self.seed = seed
    }

    mutating func render(_ range: Range<Int>, to batch: inout JobBatch) {
        guard case .text(let text) = template.root else {
            for index in range { batch.append(template.value(at: index, seed: seed)) }
            return
        }
        for index in range {
            var random = GeneratorRandom(seed: seed, index: index)
            text.append(template.moment(index, seed: seed), &random, to: &writer)
            ends.append(writer.count)
        }
        let memory = writer.take()
        var start = 0
        for end in ends {
            batch.append(.string(memory.slice(start..<end)))
            start = end
        }
        ends.removeAll(keepingCapacity: true)
    }
}
