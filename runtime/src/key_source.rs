//! Loading a signing key from the Parameter Store.

use aws_sdk_ssm::Client;
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

impl KeySource {
    /// Loads the key.
    pub async fn load(&self, parameters: &Client) -> Result<Signer, LoadKeyError> {
        let request = parameters.get_parameter().name(&self.parameter).with_decryption(true);
        let response = request.send().await.map_err(|error| LoadKeyError::Unreadable {
            parameter: self.parameter.clone(),
            cause: describe("GetParameter", &error),
        })?;
        let value = response.parameter.and_then(|parameter| parameter.value).map(Zeroizing::new);
        let key = SigningKey::from_parameter(value.as_deref().map(String::as_str), self.hash);
        let key =
            key.map_err(|problem| LoadKeyError::Unusable { parameter: self.parameter.clone(), problem })?;
        Ok(Signer::new(key, self.key_pair_id.clone()))
    }
}
