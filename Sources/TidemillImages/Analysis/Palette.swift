/// The colours that describe an image best: k-means, begun at the colours that are most frequent and far apart, so that
/// the same image always has the same ones.
struct Palette {
    /// The colours with their shares of the image, the most frequent first.
    let colours: [(colour: SmallPixels.Colour, share: Double)]

    private typealias Point = SIMD3<Double>
    private static let rounds = 12

    init(of pixels: SmallPixels, count: Int) {
        let points = pixels.colours.map { Point(Double($0.red), Double($0.green), Double($0.blue)) }
        var centres = Self.beginnings(points, count)
        var groups = Self.groups(points, centres)
        for _ in 0..<Self.rounds {
            centres = groups.indices.map {
                groups[$0].count > 0 ? groups[$0].sum / Double(groups[$0].count) : centres[$0]
            }
            groups = Self.groups(points, centres)
        }
        colours = zip(centres, groups).filter { $0.1.count > 0 }
            .map { (colour: Self.colour($0.0), share: Double($0.1.count) / Double(points.count)) }
            .sorted { ($0.share, $1.colour.hex) > ($1.share, $0.colour.hex) }
    }

    /// The most frequent cell of a coarse histogram, then each time the one with the most pixels times distance.
    private static func beginnings(_ points: [Point], _ count: Int) -> [Point] {
        var cells: [Int: (sum: Point, count: Int)] = [:]
        for point in points {
            let cell = (Int(point.x) / 16 * 16 + Int(point.y) / 16) * 16 + Int(point.z) / 16
            let (sum, count) = cells[cell] ?? (Point(), 0)
            cells[cell] = (sum + point, count + 1)
        }
        let candidates = cells.sorted { $0.key < $1.key }.map {
            (point: $0.value.sum / Double($0.value.count), count: $0.value.count)
        }
        var chosen: [Point] = []
        while chosen.count < min(count, candidates.count) {
            let scores = candidates.map { candidate in
                Double(candidate.count) * (chosen.map { distance($0, candidate.point) }.min() ?? 1)
            }
            guard let best = scores.indices.max(by: { scores[$0] < scores[$1] }), scores[best] > 0 else { break }
            chosen.append(candidates[best].point)
        }
        return chosen
    }

    private static func groups(_ points: [Point], _ centres: [Point]) -> [(sum: Point, count: Int)] {
        var groups = [(sum: Point, count: Int)](repeating: (Point(), 0), count: centres.count)
        for point in points {
            guard let nearest = centres.indices.min(by: { distance(centres[$0], point) < distance(centres[$1], point) })
            else { break }
            groups[nearest].sum += point
            groups[nearest].count += 1
        }
        return groups
    }

    private static func distance(_ left: Point, _ right: Point) -> Double {
        let difference = left - right
        return (difference * difference).sum()
    }

    private static func colour(_ point: Point) -> SmallPixels.Colour {
        let rounded = point.rounded(.toNearestOrAwayFromZero)
        return SmallPixels.Colour(red: UInt8(rounded.x), green: UInt8(rounded.y), blue: UInt8(rounded.z))
    }
}
