//! Time stamps in AWS's formats.

use crate::log::time;

/// `20260301T123456Z` for seconds since 1970.
pub(super) fn basic(seconds: u64) -> [u8; 16] {
    // 2026-03-01T12:34:56.789Z without its punctuation.
    let stamp = time::stamp(seconds * 1000);
    let mut basic = *b"00000000T000000Z";
    let digits = stamp[..19].iter().filter(|byte| byte.is_ascii_digit());
    let places = (0..8).chain(9..15);
    for (place, digit) in places.zip(digits) {
        basic[place] = *digit;
    }
    basic
}

/// The seconds since 1970 of a header `Date`: `Tue, 03 Nov 2026 10:00:00 GMT` (RFC 9110).
pub(super) fn of_http(date: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, date) = date.split_once(", ")?;
    let mut words = date.split(' ');
    let day = number(words.next()?)?;
    let month = MONTHS.find(words.next()?)? as u64 / 3 + 1;
    let year = number(words.next()?)?;
    let seconds = of_day(words.next()?)?;
    (words.next() == Some("GMT")).then_some(days(year, month, day)? * 86_400 + seconds)
}

/// The seconds since 1970 of `2026-11-03T10:00:00Z`, whatever fraction it has.
pub(super) fn of_iso(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let seconds = of_day(rest.get(..8)?)?;
    let utc = rest.ends_with('Z') || rest.ends_with("+00:00");
    utc.then_some(days(number(year)?, number(month)?, number(day)?)? * 86_400 + seconds)
}

/// `10:00:00`.
fn of_day(time: &str) -> Option<u64> {
    let mut parts = time.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    Some(number(hours)? * 3600 + number(minutes)? * 60 + number(seconds)?)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() < 5 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// The days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that a leap day is the last day of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_agree() {
        for (seconds, basic_form, http, iso) in [
            (
                0,
                "19700101T000000Z",
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "1970-01-01T00:00:00Z",
            ),
            (
                1_709_210_096,
                "20240229T123456Z",
                "Thu, 29 Feb 2024 12:34:56 GMT",
                "2024-02-29T12:34:56Z",
            ),
            (
                1_793_700_000,
                "20261103T100000Z",
                "Tue, 03 Nov 2026 10:00:00 GMT",
                "2026-11-03T10:00:00.123Z",
            ),
            (
                4_102_444_799,
                "20991231T235959Z",
                "Thu, 31 Dec 2099 23:59:59 GMT",
                "2099-12-31T23:59:59+00:00",
            ),
        ] {
            assert_eq!(&basic(seconds), basic_form.as_bytes());
            assert_eq!(of_http(http), Some(seconds), "{http}");
            assert_eq!(of_iso(iso), Some(seconds), "{iso}");
        }
        for nonsense in [
            "",
            "x",
            "Tue, 03 Nov 2026",
            "Tue, 03 Abc 2026 10:00:00 GMT",
            "Tue, 33 Nov 2026 10:00:00 GMT",
            "2026-11-03",
            "2026-11-03T1",
            "2026-13-03T10:00:00Z",
            "2026-11-03T10:00:00+02:00",
        ] {
            assert_eq!(
                (of_http(nonsense), of_iso(nonsense)),
                (None, None),
                "{nonsense}"
            );
        }
    }
}
