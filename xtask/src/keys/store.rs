//! Keys in the Parameter Store.

use anyhow::{Context, Result};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stack::{Environment, Fingerprint, key_ring_parameter, private_key_parameter, public_key_parameter};
use zeroize::Zeroizing;

use super::generate::KeyPair;
use super::ring::KeyRing;

/// The keys of one environment.
pub(super) struct KeyStore<'a> {
    client: Client,
    environment: &'a Environment,
}

impl<'a> KeyStore<'a> {
    pub(super) fn new(configuration: &aws_config::SdkConfig, environment: &'a Environment) -> Self {
        Self { client: Client::new(configuration), environment }
    }

    /// The ring; an empty one where none was written yet.
    pub(super) async fn ring(&self) -> Result<KeyRing> {
        let name = key_ring_parameter(self.environment);
        let answer = self.client.get_parameter().name(&name).send().await;
        let answer = match answer {
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_ssm::operation::get_parameter::GetParameterError::is_parameter_not_found,
                ) =>
            {
                return Ok(KeyRing::default());
            }
            answer => answer.with_context(|| format!("cannot read the key ring {name}"))?,
        };
        let text = answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
        KeyRing::parse(&text).with_context(|| format!("the key ring {name} is malformed"))
    }

    /// The PEM of a public key.
    pub(super) async fn public_key(&self, fingerprint: &Fingerprint) -> Result<String> {
        let name = public_key_parameter(self.environment, fingerprint);
        let answer = self.client.get_parameter().name(&name).send().await;
        let answer =
            answer.with_context(|| format!("the key ring names {fingerprint}, but {name} cannot be read"))?;
        answer
            .parameter
            .and_then(|parameter| parameter.value)
            .with_context(|| format!("the parameter {name} has no value"))
    }

    /// Store a new key. Nothing is overwritten: a private key that is lost invalidates every URL it signed.
    pub(super) async fn put_key_pair(&self, key: &KeyPair) -> Result<()> {
        let private = Zeroizing::new(STANDARD.encode(key.private_pem()));
        let name = private_key_parameter(self.environment, key.fingerprint());
        self.create(&name, ParameterType::SecureString, &private).await?;
        let name = public_key_parameter(self.environment, key.fingerprint());
        self.create(&name, ParameterType::String, key.public_pem()).await
    }

    /// Write the first ring; fails where somebody else was quicker.
    pub(super) async fn create_ring(&self, ring: &KeyRing) -> Result<()> {
        let text = serde_json::to_string(ring)?;
        self.create(&key_ring_parameter(self.environment), ParameterType::String, &text).await
    }

    async fn create(&self, name: &str, kind: ParameterType, value: &str) -> Result<()> {
        let request = self.client.put_parameter().name(name).r#type(kind).value(value).overwrite(false);
        request.send().await.with_context(|| format!("cannot create the parameter {name}"))?;
        Ok(())
    }
}
