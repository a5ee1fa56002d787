//! Ids and plain bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

use super::{FreshError, draw};

/// A random UUID (version 4, RFC 9562): 122 random bits.
///
/// # Errors
/// In the init phase of a SnapStart function, and when the kernel gives no random bytes.
///
/// ```
/// let id = coldspark::fresh::uuid_v4()?;
/// assert_eq!(id.to_string().len(), 36);
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
#[track_caller]
pub fn uuid_v4() -> Result<Uuid, FreshError> {
    let bytes = draw::array("fresh::uuid_v4")?;
    Ok(Builder::from_random_bytes(bytes).into_uuid())
}

/// A UUID that starts with the time (version 7, RFC 9562): the wall clock in milliseconds, then
/// 74 random bits. Ids of different milliseconds sort by time; those of one do not.
///
/// # Errors
/// In the init phase of a SnapStart function, and when the kernel gives no random bytes.
///
/// ```
/// let id = coldspark::fresh::uuid_v7()?;
/// assert_eq!(id.get_version_num(), 7);
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
#[track_caller]
pub fn uuid_v7() -> Result<Uuid, FreshError> {
    let bytes = draw::array("fresh::uuid_v7")?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // The field has 48 bits, enough until the year 10889.
    let millis = since.unwrap_or_default().as_millis() as u64;
    Ok(Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
}

/// A short random id: 22 letters and digits that carry 128 random bits. Upper and lower case
/// differ.
///
/// # Errors
/// In the init phase of a SnapStart function, and when the kernel gives no random bytes.
///
/// ```
/// let id = coldspark::fresh::short_id()?;
/// assert!(id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
#[track_caller]
pub fn short_id() -> Result<String, FreshError> {
    let bytes: [u8; 16] = draw::array("fresh::short_id")?;
    Ok(base62(u128::from_le_bytes(bytes)))
}

/// Random bytes by value, for data that is not secret; for secrets there is [`Secret`](super::Secret).
///
/// # Errors
/// In the init phase of a SnapStart function, and when the kernel gives no random bytes.
///
/// ```
/// let seed: [u8; 32] = coldspark::fresh::bytes()?;
/// # assert_ne!(seed, [0; 32]);
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
#[track_caller]
pub fn bytes<const N: usize>() -> Result<[u8; N], FreshError> {
    draw::array("fresh::bytes")
}

/// Fills a buffer of any size with random bytes, in one draw of 256 bits of strength.
///
/// # Errors
/// In the init phase of a SnapStart function, and when the kernel gives no random bytes; the
/// buffer is then as it was.
///
/// ```
/// let mut salt = vec![0; 100];
/// coldspark::fresh::fill(&mut salt)?;
/// # assert_ne!(salt, [0; 100]);
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
#[track_caller]
pub fn fill(buffer: &mut [u8]) -> Result<(), FreshError> {
    draw::fill("fresh::fill", buffer)
}

/// 22 digits of base 62: eleven for each half, since 62^11 is over 2^64.
fn base62(number: u128) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(22);
    for mut half in [(number >> 64) as u64, number as u64] {
        for _ in 0..11 {
            text.push(char::from(DIGITS[(half % 62) as usize]));
            half /= 62;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_of_their_version_and_variant() {
        let (random, timed) = (uuid_v4().unwrap(), uuid_v7().unwrap());
        assert_eq!((random.get_version_num(), timed.get_version_num()), (4, 7));
        for id in [random, timed] {
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn timed_uuids_sort_by_time() {
        let first = uuid_v7().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(first < uuid_v7().unwrap());
    }

    #[test]
    fn short_ids_keep_every_bit() {
        assert_eq!(base62(0), "0000000000000000000000");
        assert_eq!(base62(61), "00000000000z0000000000");
        let value = |text: &str| {
            let digit = |d: u8| match d {
                b'0'..=b'9' => d - b'0',
                b'A'..=b'Z' => d - b'A' + 10,
                _ => d - b'a' + 36,
            };
            let digits = text.bytes().rev();
            digits.fold(0_u128, |value, d| value * 62 + u128::from(digit(d)))
        };
        for number in [0, 1, 61, 62, u128::MAX, 1 << 64, u128::from(u64::MAX)] {
            let text = base62(number);
            assert_eq!(text.len(), 22);
            let (high, low) = text.split_at(11);
            assert_eq!(value(high) << 64 | value(low), number);
        }
    }
}
