//! Time stamps in the format of RFC 3339.

use crate::sys;

/// Milliseconds since 1970, as the wall clock has it now; 0 for a clock before that.
pub(crate) fn now() -> u64 {
    sys::since_epoch().as_millis() as u64
}

/// `2026-03-01T12:34:56.789Z` (RFC 3339, UTC) for milliseconds since 1970. Years have four
/// digits: from 10,000 on they would be wrong.
pub(crate) fn stamp(millis: u64) -> [u8; 24] {
    let (days, millis) = (millis / 86_400_000, (millis % 86_400_000) as u32);
    let (year, month, day) = date(days as u32);
    let mut stamp = *b"0000-00-00T00:00:00.000Z";
    let seconds = millis / 1000;
    for (end, value) in [
        (4, year),
        (7, month),
        (10, day),
        (13, seconds / 3600),
        (16, seconds / 60 % 60),
        (19, seconds % 60),
        (23, millis % 1000),
    ] {
        let (mut at, mut left) = (end, value);
        while at > 0 && stamp[at - 1].is_ascii_digit() {
            at -= 1;
            stamp[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
    stamp
}

/// The Gregorian date that is so many days after 1970-01-01.
fn date(mut days: u32) -> (u32, u32, u32) {
    // Years begin in March here, so that a leap day is the last day of its year.
    days += 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u32::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(millis: u64) -> String {
        String::from_utf8(stamp(millis).to_vec()).unwrap()
    }

    #[test]
    fn points_in_time_are_written_as_rfc_3339_says() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_689_599_050, "2024-12-31T23:59:59.050Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(text(millis), expected);
        }
    }

    #[test]
    fn every_day_follows_the_last() {
        let mut last = date(0);
        for days in 1..150_000 {
            let next = date(days);
            let (year, month, day) = next;
            let follows = match (last.0 == year, last.1 == month) {
                (true, true) => day == last.2 + 1,
                (true, false) => month == last.1 + 1 && day == 1 && last.2 >= 28,
                (false, _) => (year, month, day) == (last.0 + 1, 1, 1) && last.2 == 31,
            };
            assert!(follows, "{last:?} {next:?}");
            last = next;
        }
    }
}
