//! Random texts for credentials.

use aws_lc_rs::rand;

/// The system returned no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("this machine returns no random numbers")]
pub struct RandomError;

/// As many letters and digits as there are values of five bits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns a random text of capital letters and digits.
pub(crate) fn letters(length: usize) -> Result<String, RandomError> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect())
}
