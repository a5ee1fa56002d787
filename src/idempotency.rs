//! The idempotency key, which must be the same at each delivery of an event.

use hmac_sha256::Hash;

/// The idempotency key of an event: the same for the same parts, on every machine, for ever.
///
/// Lambda delivers an event again after a timeout or an error, and callers retry. What must
/// happen once (a payment, a message) is done under a key that the retry has too: parts of the
/// event that name the operation, such as an order number, never an id of [`fresh`](crate::fresh), a
/// time, or the invocation id. The request id is a part only when Lambda itself retries, because
/// a caller's retry has another one.
///
/// It is SHA-256 as 64 hexadecimal digits, over each part behind its length as 8 bytes, the
/// highest first; so `["ab", "c"]` and `["a", "bc"]` have different keys. It is not secret: anybody who
/// knows the parts can compute it. It may be made in the init phase.
///
/// ```
/// use coldspark::fresh::idempotency_key;
///
/// let key = idempotency_key(["charge", "order-17"]);
/// assert_eq!(key, idempotency_key(["charge", "order-17"]));
/// assert_ne!(key, idempotency_key(["charge", "order-18"]));
/// ```
#[must_use]
pub fn idempotency_key(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut hash = Hash::new();
    for part in parts {
        let part = part.as_ref();
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Bytes as hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_what_the_documentation_says() {
        // printf '\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c' | sha256sum
        assert_eq!(
            idempotency_key(["ab", "c"]),
            "601d5476e2ccfe2c87a2bba7a322659734a05749d5b5aa781f513e4912db0d5f"
        );
        // sha256sum </dev/null
        assert_eq!(
            idempotency_key([""; 0]),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn other_parts_have_other_keys() {
        let lists: [&[&str]; 7] = [
            &[],
            &[""],
            &["", ""],
            &["abc"],
            &["ab", "c"],
            &["a", "bc"],
            &["c", "ab"],
        ];
        let keys = lists.map(idempotency_key);
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(key.len(), 64);
            assert!(!keys[..index].contains(key), "{:?}", lists[index]);
        }
    }
}
