import TidemillValue

/// The statistics of an image's samples.
struct Statistics {
    struct Band {
        let min, max, mean, deviation: Double

        var value: Value {
            .table([
                (key: "min", value: .number(min)), (key: "max", value: .number(max)),
                (key: "mean", value: .number(mean)),
                (key: "deviation", value: .number(deviation)),
            ])
        }
    }

    /// Of all samples.
    let all: Band
    /// Of each band's.
    let bands: [Band]

    /// Computes them.
    init(of pixels: Pixels, _ call: ImageCall) throws(ImageError) {
        // A row of doubles for all bands together, then one for each: min, max, sum, sum of squares, mean, deviation.
        let matrix = try pixels.applying("stats", call)
        let columns = matrix.header.width
        let rows: [Band] = try matrix.withSamples { samples in
            let numbers = samples.bindMemory(to: Double.self)
            return stride(from: 0, to: numbers.count - 5, by: columns).map { row in
                Band(min: numbers[row], max: numbers[row + 1], mean: numbers[row + 4], deviation: numbers[row + 5])
            }
        }
        guard let first = rows.first else { throw ImageError(.failed, "no statistics") }
        all = first
        bands = Array(rows.dropFirst())
    }
}
