/// Keeps a core busy for about so many steps of a multiplication each; ``stepsAMicrosecond`` of them take about that long.
///
/// Steps, not time: a thread that had to wait for its core has as much left to do as before. Go's peer takes the same.
///
/// - Returns: a number that depends on every step, for the caller to look at, so that none is optimised away.
@inline(never)
func spin(steps: Int) -> UInt64 {
    var number: UInt64 = 1
    // A shift in each step, for several steps of multiplication and addition alone would be made into one.
    for _ in 0..<steps { number = (number ^ (number >> 31)) &* 0xbf58_476d_1ce4_e5b9 }
    return number
}

let stepsAMicrosecond = 800

/// The output of the SplitMix64 generator for that state: random numbers by index, the same in every run.
func mixed(_ state: UInt64) -> UInt64 {
    var mixed = state &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
}

/// The same as a fraction of 1, which is never 0.
func fraction(_ state: UInt64) -> Double { Double((mixed(state) >> 11) + 1) / Double(UInt64(1) << 53) }
