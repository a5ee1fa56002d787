//! Secret bytes.

use std::fmt;

use zeroize::Zeroize;

use super::{FreshError, draw};

/// `N` random bytes that must stay secret: a key, a token.
///
/// They lie in one place on the heap and are overwritten when the value is dropped. The value
/// can be neither cloned nor compared nor serialised, and prints as `Secret(32 bytes)`. More
/// than 32 bytes have the strength of 32, 256 bits. Drop it as soon as it is not needed: what is
/// alive when the process is killed is not overwritten.
///
/// ```
/// use coldspark::fresh::Secret;
///
/// let key = Secret::<32>::generate()?;
/// let signature = hmac_sha256::HMAC::mac(b"text", key.expose());
/// assert_eq!(format!("{key:?}"), "Secret(32 bytes)");
/// # let _ = signature;
/// # Ok::<_, coldspark::fresh::FreshError>(())
/// ```
///
/// ```compile_fail,E0599
/// # let key = coldspark::fresh::Secret::<32>::generate().unwrap();
/// let copy = key.clone();
/// ```
///
/// ```compile_fail,E0277
/// # let key = coldspark::fresh::Secret::<32>::generate().unwrap();
/// let shown = key.to_string();
/// ```
///
/// ```compile_fail,E0277
/// # let key = coldspark::fresh::Secret::<32>::generate().unwrap();
/// let written = serde_json::to_string(&key);
/// ```
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Draws a new secret.
    ///
    /// # Errors
    /// In the init phase of a SnapStart function, and when the kernel gives no random bytes.
    #[track_caller]
    pub fn generate() -> Result<Self, FreshError> {
        let mut secret = Self(Box::new([0; N]));
        draw::fill("fresh::Secret::generate", &mut *secret.0)?;
        Ok(secret)
    }

    /// The bytes. Copies of them are not overwritten.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({N} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_whole() {
        let (first, second) = (
            Secret::<128>::generate().unwrap(),
            Secret::<128>::generate().unwrap(),
        );
        assert_ne!(first.expose(), second.expose());
        assert!(first.expose().chunks(16).all(|part| part != [0; 16]));
    }
}
