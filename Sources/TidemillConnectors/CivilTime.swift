/// A moment's date and time of day in UTC, in the Gregorian calendar.
struct CivilTime {
    private(set) var year = 0
    private(set) var month = 0
    private(set) var day = 0
    let hour: Int
    let minute: Int
    let second: Int
    /// 0 is Sunday.
    let weekday: Int

    /// The moment `seconds` after 1970 began.
    init(secondsSince1970 seconds: Int) {
        let days = Self.floorDivide(seconds, 86_400)
        let rest = seconds - days * 86_400
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        weekday = (days % 7 + 11) % 7
        (year, month, day) = Self.date(days)
    }

    /// The seconds from the beginning of 1970 to a date and time of day.
    static func secondsSince1970(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) -> Int {
        days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// As ISO 8601 has it: `2024-05-01T12:00:00Z`.
    var iso8601: String {
        let date = "\(Self.pad(year, 4))-\(Self.pad(month))-\(Self.pad(day))"
        return "\(date)T\(Self.pad(hour)):\(Self.pad(minute)):\(Self.pad(second))Z"
    }

    /// The seconds since 1970 of a date such as `2024-05-01`, or of a moment such as `2024-05-01T12:00:00Z`.
    static func secondsSince1970(iso8601 text: String) -> Int? {
        let shape = "0000-00-00T00:00:00Z"
        let whole = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        guard whole.utf8.count == shape.utf8.count else { return nil }
        for (found, expected) in zip(whole.utf8, shape.utf8) {
            guard expected == UInt8(ascii: "0") ? (48...57).contains(found) : found == expected else { return nil }
        }
        let numbers = whole.split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 6, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24,
            numbers[4] < 60, numbers[5] < 60
        else { return nil }
        return secondsSince1970(
            year: numbers[0],
            month: numbers[1],
            day: numbers[2],
            hour: numbers[3],
            minute: numbers[4],
            second: numbers[5]
        )
    }

    static func pad(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    // Years begin in March here, so that the leap day is a year's last, and an era is the 400 years after which the
    // calendar repeats itself (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = floorDivide(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func floorDivide(_ number: Int, _ divisor: Int) -> Int {
        (number - (number < 0 ? divisor - 1 : 0)) / divisor
    }
}
