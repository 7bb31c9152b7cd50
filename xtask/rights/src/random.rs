//! Random texts for credentials.

use aws_lc_rs::{hmac, rand};

/// The system returned no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("this machine returns no random numbers")]
pub struct RandomError;

/// As many letters and digits as there are values of five bits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A random key. The texts that are derived from it cannot be guessed without it.
#[derive(Debug)]
pub(crate) struct RandomKey(hmac::Key);

impl RandomKey {
    pub(crate) fn new() -> Result<Self, RandomError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| RandomError)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Returns a text of capital letters and digits for a purpose.
    pub(crate) fn text(&self, purpose: &str, length: usize) -> String {
        let blocks = (0_u32..).flat_map(|number| {
            let block = hmac::sign(&self.0, format!("{purpose}/{number}").as_bytes());
            block.as_ref().to_vec()
        });
        blocks.take(length).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
    }
}
