import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

/// The channel with tasks that wait, and are cancelled while they do.
@Suite(.timeLimit(.minutes(10))) struct ChannelTests {
    @Test(arguments: [0, 1, 2, 1024]) func manySendersAndReceiversLoseNothing(capacity: Int) async {
        let channel = Channel<Item>(limits: ChannelLimits(capacity: capacity))
        let (senders, each) = (8, 2000)
        let received = await withTaskGroup { group in
            for _ in 0..<5 { group.addTask { await Self.receiveAll(channel) } }
            await withTaskGroup { sending in
                for sender in 0..<senders {
                    sending.addTask { await Self.send(0..<each, from: sender, to: channel) }
                }
                for await unsent in sending { #expect(unsent == 0) }
            }
            channel.finish()
            return await group.reduce(into: [[Item]]()) { $0.append($1) }
        }
        let all = received.flatMap { $0 }
        #expect(all.count == senders * each && Set(all).count == all.count)
        for items in received {
            // What one receiver got of one sender is in that sender's order.
            for sender in 0..<senders {
                let numbers = items.filter { $0.sender == sender }.map(\.number)
                #expect(numbers == numbers.sorted())
            }
        }
    }

    @Test(arguments: [0, 1, 2, 1024]) func cancelledTasksLoseNothing(capacity: Int) async {
        for seed in 0..<60 {
            let channel = Channel<Item>(limits: ChannelLimits(capacity: capacity))
            let senders = (0..<4).map { sender in
                Task { await Self.send(0..<100, from: sender, to: channel, shielded: sender == 0) }
            }
            let receivers = (0..<4).map { _ in Task { await Self.receiveAll(channel) } }
            var random = SeededRandom(seed: seed)
            for _ in 0..<4 {
                for _ in 0..<Int.random(in: 0..<20, using: &random) { await Task.yield() }
                senders[Int.random(in: 0..<4, using: &random)].cancel()
                receivers[Int.random(in: 0..<3, using: &random)].cancel()
            }
            // The last receiver is never cancelled, so that shielded senders come to their end as well.
            var unsent = 0
            for sender in senders { unsent += await sender.value }
            if seed.isMultiple(of: 2) { channel.finish() }
            let leftovers = seed.isMultiple(of: 2) ? 0 : channel.cancel().count
            var received = 0
            for receiver in receivers { received += await receiver.value.count }
            #expect(received + unsent + leftovers + channel.cancel().count == 400, "seed \(seed)")
        }
    }

    @Test func aRendezvousSendEndsWhenItsElementWasTaken() async {
        let channel = Channel<Item>(limits: ChannelLimits(capacity: 0))
        let isSent = Mutex(false)
        let sender = Task {
            let unsent = await Self.send(0..<2, from: 0, to: channel)
            isSent.withLock { $0 = true }
            return unsent
        }
        let batch = Batch<Item>()
        #expect(await channel.receive(batch, limit: 1) == .done)
        #expect(batch.count == 1)
        for _ in 0..<20 { await Task.yield() }
        let wasSent = isSent.withLock { $0 }
        #expect(!wasSent, "one of the two was not taken yet")
        #expect(await channel.receive(batch, limit: 1) == .done)
        #expect(await sender.value == 0)
        #expect(channel.count == 0)
    }

    @Test func aTaskThatWasCancelledBeforeDoesNotWait() async {
        let channel = Channel<Item>(limits: ChannelLimits(capacity: 0))
        let signals = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            let batch = Batch<Item>()
            batch.append(Item(sender: 0, number: 0))
            let sent = await channel.send(batch, evicted: Batch())
            let received = await channel.receive(Batch(), limit: 1)
            return (sent, received, batch.count)
        }.value
        #expect(signals == (.cancelled, .cancelled, 1))
    }

    @Test func aShieldedSenderWaitsForTheChannelOnly() async {
        let channel = Channel<Item>(limits: ChannelLimits(capacity: 0))
        let sender = Task { await Self.send(0..<1, from: 0, to: channel, shielded: true) }
        sender.cancel()
        let batch = Batch<Item>()
        #expect(await channel.receive(batch, limit: 1) == .done)
        #expect(await sender.value == 0)
    }

    @Test(arguments: [true, false]) func theEndWakesEverybodyWhoWaits(byFinish: Bool) async {
        let full = Channel<Item>(limits: ChannelLimits(capacity: 1))
        let empty = Channel<Item>(limits: ChannelLimits(capacity: 1))
        let senders = (0..<50).map { number in Task { await Self.send(0..<1, from: number, to: full) } }
        let receivers = (0..<50).map { _ in Task { await empty.receive(Batch(), limit: 1) } }
        while full.waiting.senders < 49 || empty.waiting.receivers < 50 { await Task.yield() }
        var leftovers = 0
        if byFinish {
            full.finish()
            empty.finish()
        } else {
            leftovers = full.cancel().count
            #expect(empty.cancel().isEmpty)
        }
        var unsent = 0
        for sender in senders { unsent += await sender.value }
        for receiver in receivers { #expect(await receiver.value == (byFinish ? .finished : .cancelled)) }
        #expect(unsent == 49 && leftovers == (byFinish ? 0 : 1))
        #expect(await Self.receiveAll(full).count == (byFinish ? 1 : 0))
    }

    /// Sends items one batch after the other; says how many did not go.
    private static func send(
        _ numbers: Range<Int>,
        from sender: Int,
        to channel: Channel<Item>,
        shielded: Bool = false
    ) async -> Int {
        let (batch, evicted) = (Batch<Item>(), Batch<Item>())
        var next = numbers.lowerBound
        while next < numbers.upperBound {
            for _ in 0..<min(1 + next % 5, numbers.upperBound - next) {
                batch.append(Item(sender: sender, number: next))
                next += 1
            }
            guard await channel.send(batch, evicted: evicted, shielded: shielded) == .done else {
                return batch.count + numbers.upperBound - next
            }
        }
        return 0
    }

    private static func receiveAll(_ channel: Channel<Item>) async -> [Item] {
        let batch = Batch<Item>()
        var items: [Item] = []
        var limit = 1
        while await channel.receive(batch, limit: limit) == .done {
            limit = limit % 7 + 1
            while let item = batch.popFirst() { items.append(item) }
        }
        return items
    }
}
