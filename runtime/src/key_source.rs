//! Loading a signing key from the Parameter Store.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::primitives::DateTime;
use openapi::HashAlgorithm;
use signing::{KeyValueError, Signer, SigningKey};
use zeroize::Zeroizing;

use crate::sdk_error::describe;

/// The place of a signing key, and what CloudFront knows about it.
#[derive(Clone, Debug)]
pub struct KeySource {
    /// The name of the parameter that holds the private key.
    pub parameter: String,
    /// The id of the CloudFront public key.
    pub key_pair_id: String,
    /// The hash of signatures, or `None` for the default of the kind of key.
    pub hash: Option<HashAlgorithm>,
}

/// A signing key could not be loaded. No message contains anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum LoadKeyError {
    /// The parameter could not be read.
    #[error("parameter {parameter}: {cause}")]
    Unreadable {
        /// The name of the parameter.
        parameter: String,
        /// How the call failed.
        cause: String,
    },
    /// The value of the parameter is not a signing key.
    #[error("the signing key in parameter {parameter} is unusable: {problem}")]
    Unusable {
        /// The name of the parameter.
        parameter: String,
        /// What is wrong with the value.
        problem: KeyValueError,
    },
}

/// A signing key that was loaded.
pub struct LoadedKey {
    /// Signs with the key.
    pub signer: Signer,
    /// When the parameter was written, in Unix seconds. A parameter of a key is never overwritten.
    pub created_at: Option<i64>,
}

impl KeySource {
    /// Loads the key.
    pub async fn load(&self, parameters: &Client) -> Result<LoadedKey, LoadKeyError> {
        let request = parameters.get_parameter().name(&self.parameter).with_decryption(true);
        let response = request.send().await.map_err(|error| LoadKeyError::Unreadable {
            parameter: self.parameter.clone(),
            cause: describe("GetParameter", &error),
        })?;
        let created_at = response.parameter().and_then(|it| it.last_modified_date()).map(DateTime::secs);
        let value = response.parameter.and_then(|parameter| parameter.value).map(Zeroizing::new);
        let key = SigningKey::from_parameter(value.as_deref().map(String::as_str), self.hash);
        let key =
            key.map_err(|problem| LoadKeyError::Unusable { parameter: self.parameter.clone(), problem })?;
        Ok(LoadedKey { signer: Signer::new(key, self.key_pair_id.clone()), created_at })
    }
}
