//! Finds other distributions with the domain of the distribution, which must be unique.

use anyhow::{Context, Result};
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{DistributionResourceId, DistributionSummary};

use super::names::{Name, text};
use super::{Found, Search};

/// How to move a domain to the new distribution.
const ADVICE: &str = "leave [cdn] out of stack/environments/ENVIRONMENT.toml until the new distribution works, then move the \
     domain to it; see docs/taking-over.md";

impl Search<'_> {
    /// Looks for the domain in the account's distributions, and then in those of other accounts.
    ///
    /// For other accounts, CloudFront requires the ID of a distribution that already has a certificate for the
    /// domain, as proof of its ownership. `ListDomainConflicts` also covers the tenants of distributions, unlike
    /// `ListConflictingAliases`:
    /// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDomainConflicts.html>.
    pub(super) async fn find_alias(&self, name: &Name) -> Result<Found> {
        let client = self.connection.cloudfront();
        let distributions = distributions(&client).await?;
        let has_alias = |distribution: &&DistributionSummary| {
            let aliases = distribution.aliases.as_ref().and_then(|aliases| aliases.items.as_deref());
            aliases.is_some_and(|aliases| aliases.contains(&name.value))
        };
        if let Some(distribution) = distributions.iter().find(has_alias) {
            let advice = format!("distribution {} of this account has the domain: {ADVICE}", distribution.id);
            return Ok(Found::Taken(self.conflict(name, advice)));
        }
        let certificate = &self.proposed["Resources"][&name.resource]["Properties"]["DistributionConfig"]["ViewerCertificate"]
            ["AcmCertificateArn"];
        let certificate = text(certificate, self.parameters);
        let proves = |distribution: &&DistributionSummary| {
            let attached = distribution.viewer_certificate.as_ref();
            certificate.is_some() && attached.and_then(|it| it.acm_certificate_arn.as_deref()) == certificate
        };
        let proof = distributions.iter().find(proves).with_context(|| {
            format!(
                "CloudFront names the other account that has {} only once a distribution has its certificate; \
                 if its DNS record already points to a name below cloudfront.net, another distribution has it",
                name.value
            )
        })?;
        let resource = DistributionResourceId::builder().distribution_id(&proof.id).build();
        let mut conflicts = client
            .list_domain_conflicts()
            .domain(&name.value)
            .domain_control_validation_resource(resource)
            .into_paginator()
            .items()
            .send();
        while let Some(conflict) = conflicts.next().await {
            let conflict = conflict
                .with_context(|| format!("cannot ask CloudFront which distribution has {}", name.value))?;
            // A domain that a wildcard covers may have a distribution of its own.
            if conflict.domain == name.value {
                let advice = format!(
                    "{} of account {} has the domain: {ADVICE}",
                    conflict.resource_id, conflict.account_id
                );
                return Ok(Found::Taken(self.conflict(name, advice)));
            }
        }
        Ok(Found::Nothing)
    }
}

async fn distributions(client: &Client) -> Result<Vec<DistributionSummary>> {
    let pages = client.list_distributions().into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.context("cannot list the distributions of the account")
}
