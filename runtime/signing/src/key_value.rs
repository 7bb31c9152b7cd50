//! The value of the parameter that holds a private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openapi::HashAlgorithm;
use zeroize::Zeroizing;

use super::key::{KeyError, SigningKey};

/// The value of a parameter is not a signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyValueError {
    /// There is no value.
    #[error("it has no value")]
    Missing,
    /// The value is not base64.
    #[error("it is not base64")]
    NotBase64,
    /// The value is base64 of something else.
    #[error("it is not the base64 of a PEM")]
    NotText,
    /// The PEM is not a key that CloudFront accepts.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl SigningKey {
    /// Reads a key from the value of its parameter, if there is one.
    pub fn from_parameter(value: Option<&str>, hash: Option<HashAlgorithm>) -> Result<Self, KeyValueError> {
        let pem = decode_key_value(value.ok_or(KeyValueError::Missing)?)?;
        Ok(Self::from_pem(&pem, hash)?)
    }
}

/// Returns the value of a parameter that holds a private key: the base64 of its PEM.
pub fn encode_key_value(pem: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(pem))
}

/// Returns the PEM in the value of a parameter. The base64 can have line breaks.
pub fn decode_key_value(value: &str) -> Result<Zeroizing<String>, KeyValueError> {
    let compact = Zeroizing::new(value.split_ascii_whitespace().collect::<String>());
    let pem = STANDARD.decode(compact.as_bytes()).map_err(|_| KeyValueError::NotBase64)?;
    let pem = String::from_utf8(pem).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        KeyValueError::NotText
    })?;
    Ok(Zeroizing::new(pem))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{KeyValueError, SigningKey};

    #[test]
    fn base64_of_a_pem_can_have_line_breaks() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref()));
        let encoded = STANDARD.encode(pem);
        let (first, second) = encoded.split_at(76);
        assert!(SigningKey::from_parameter(Some(&format!("{first}\r\n{second}\n")), None).is_ok());
    }

    #[test]
    fn error_states_what_the_value_is_not() {
        let problem = |value| SigningKey::from_parameter(value, None).err().unwrap();
        assert!(matches!(problem(None), KeyValueError::Missing));
        assert!(matches!(problem(Some("-----BEGIN")), KeyValueError::NotBase64));
        assert!(matches!(problem(Some("/w==")), KeyValueError::NotText));
        assert!(matches!(problem(Some("aGk=")), KeyValueError::Key(_)));
    }
}
