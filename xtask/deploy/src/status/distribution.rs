//! The distribution and its certificate.

use anyhow::{Context, Result};
use aws_sdk_acm::types::CertificateStatus;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use stack::OutputName;

use crate::connection::Connection;
use crate::deployed_stack::Outputs;

/// How long before its expiry a certificate needs attention. ACM renews its own certificates earlier, and sends events about
/// a public one that is not renewed by then:
/// <https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html>.
const EXPIRY_NOTICE: TimeDelta = TimeDelta::days(30);

/// The distribution of the viewer assets.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// The ID.
    pub id: String,
    /// The domain that CloudFront gave it.
    pub domain: String,
    /// The status: `Deployed`, or `InProgress` while a change reaches the edges.
    pub status: String,
    /// The ARN of the certificate of its own domain, if it has one.
    pub certificate: Option<String>,
}

/// The certificate of the distribution's own domain.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// The domain.
    pub domain: String,
    /// The status, by its name in ACM.
    pub status: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Distribution {
    pub(super) async fn read(connection: &Connection, outputs: &Outputs) -> Result<Self> {
        let id = outputs.get(OutputName::DistributionId)?;
        let response = connection.cloudfront().get_distribution().id(id).send().await;
        let response = response.with_context(|| format!("cannot read the distribution {id}"))?;
        let found = response.distribution.with_context(|| format!("there is no distribution {id}"))?;
        let config = found.distribution_config();
        let certificate = config.and_then(|config| config.viewer_certificate()?.acm_certificate_arn());
        Ok(Self {
            id: id.to_owned(),
            certificate: certificate.map(str::to_owned),
            domain: found.domain_name,
            status: found.status,
        })
    }
}

impl Certificate {
    pub(super) async fn read(connection: &Connection, arn: &str) -> Result<Self> {
        let response =
            connection.acm_of_cloudfront().describe_certificate().certificate_arn(arn).send().await;
        let response = response.with_context(|| format!("cannot read the certificate {arn}"))?;
        let found = response.certificate.with_context(|| format!("there is no certificate {arn}"))?;
        Ok(Self {
            domain: found.domain_name.unwrap_or_default(),
            status: found.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            expires_at: found.not_after.and_then(|time| DateTime::from_timestamp(time.secs(), 0)),
        })
    }

    /// Returns whether it is not valid, or not for long.
    pub(super) fn needs_attention(&self, now: DateTime<Utc>) -> bool {
        let expires_soon = self.expires_at.is_some_and(|time| time - now <= EXPIRY_NOTICE);
        self.status != CertificateStatus::Issued.as_str() || expires_soon
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;

    #[test]
    fn certificate_needs_attention_thirty_days_before_its_expiry() {
        let needs_attention = |status: &str, expires_at: &str| {
            let certificate = Certificate {
                domain: "assets.test".to_owned(),
                status: status.to_owned(),
                expires_at: Some(expires_at.parse().unwrap()),
            };
            certificate.needs_attention("2026-11-01T00:00:00Z".parse().unwrap())
        };
        assert!(!needs_attention("ISSUED", "2026-12-01T00:00:01Z"));
        assert!(needs_attention("ISSUED", "2026-12-01T00:00:00Z"));
        assert!(needs_attention("ISSUED", "2026-10-01T00:00:00Z"));
        assert!(needs_attention("REVOKED", "2027-12-01T00:00:00Z"));
    }
}
