import Tidemill

/// What `check.lua` lets pass.
struct Order: Codable, Sendable {
    struct Item: Codable, Sendable {
        var product: String
        var count: Int
    }

    var id: String
    var customer: String
    var items: [Item]
}

/// What `receipt.lua` gets.
struct PricedOrder: Codable, Sendable {
    var id: String
    var customer: String
    var pieces: Int
    /// In cents.
    var total: Int

    /// - Throws: a failure that another attempt would not change, where a product has no price.
    init(_ order: Order, _ prices: PriceList) throws(JobFailure) {
        (id, customer, pieces, total) = (order.id, order.customer, 0, 0)
        for item in order.items {
            pieces += item.count
            total += try prices.price(of: item.product) * item.count
        }
    }
}

/// Prices in cents; stands for what a service looks up elsewhere.
struct PriceList: Sendable {
    static let standard = PriceList(cents: ["apples": 20, "pears": 35, "figs": 15, "quinces": 60])

    let cents: [String: Int]

    func price(of product: String) throws(JobFailure) -> Int {
        guard let price = cents[product] else { throw JobFailure(.input, "no price for \(product)", advice: .never) }
        return price
    }
}
