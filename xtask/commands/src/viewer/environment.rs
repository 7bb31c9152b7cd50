//! What the viewer has to know about an environment.

use anyhow::{Context as _, Result};
use deploy::deployed_stack::Outputs;
use local_stack::StackFile;
use stack::{Environment, OutputName};
use url::Url;
use viewer::{ApiAccess, DemoPackage, ViewerEnvironment};

/// Returns the environment of a running local stack, whose API allows every origin.
pub(crate) fn viewer_of_local_stack(stack: &StackFile) -> Result<ViewerEnvironment> {
    let assets = &stack.assets;
    Ok(ViewerEnvironment {
        name: local_stack::ENVIRONMENT.to_owned(),
        api_url: url(&stack.api_url)?,
        api_access: ApiAccess::Direct,
        cdn_url: url(&stack.cdn_url)?,
        issuer_url: Some(url(&stack.issuer_url)?),
        users: stack.tokens.keys().cloned().collect(),
        demo: Some(DemoPackage {
            dataset_id: stack.dataset_id.to_string(),
            package_id: stack.packages.viewer.to_string(),
            assets: vec![assets.parquet.clone(), assets.zarr.clone(), assets.thumbnail.clone()],
        }),
    })
}

/// Returns the environment of a deployed stack.
pub(super) fn viewer_of_deployed_stack(
    environment: &Environment,
    outputs: &Outputs,
) -> Result<ViewerEnvironment> {
    let allows_every_origin = environment.cors_origins.iter().any(|origin| origin.as_str() == "*");
    Ok(ViewerEnvironment {
        name: environment.name.to_string(),
        api_url: url(outputs.get(OutputName::ApiUrl)?)?,
        api_access: if allows_every_origin { ApiAccess::Direct } else { ApiAccess::Proxied },
        cdn_url: url(&format!("https://{}", outputs.get(OutputName::DistributionDomainName)?))?,
        issuer_url: None,
        users: Vec::new(),
        demo: None,
    })
}

fn url(text: &str) -> Result<Url> {
    Url::parse(text).with_context(|| format!("{text} is not a URL"))
}

#[cfg(test)]
mod tests {
    use command_line::environment;

    use super::*;

    #[test]
    fn api_of_a_deployed_environment_is_reached_through_the_server_of_the_page() {
        let outputs = Outputs::from_pairs([
            ("ApiUrl", "https://api.test/packages"),
            ("DistributionDomainName", "d1.cloudfront.net"),
        ]);
        for (name, expected) in [("dev", ApiAccess::Proxied), ("local", ApiAccess::Direct)] {
            let viewer = viewer_of_deployed_stack(&environment::load(name).unwrap(), &outputs).unwrap();
            assert_eq!(viewer.api_access, expected, "{name}");
            assert_eq!(viewer.api_url.as_str(), "https://api.test/packages");
            assert_eq!(viewer.cdn_url.as_str(), "https://d1.cloudfront.net/");
        }
    }
}
