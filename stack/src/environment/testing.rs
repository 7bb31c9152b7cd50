//! The environments, for tests.

use super::Environment;

const ENVIRONMENTS: [(&str, &str); 3] = [
    ("dev", include_str!("../../environments/dev.toml")),
    ("prod", include_str!("../../environments/prod.toml")),
    ("local", include_str!("../../environments/local.toml")),
];

/// Returns all environments.
pub(crate) fn environments() -> [Environment; 3] {
    ENVIRONMENTS.map(|(name, text)| Environment::parse(&name.parse().unwrap(), text).unwrap())
}

/// Returns the environment of a name.
pub(crate) fn environment(name: &str) -> Environment {
    environments().into_iter().find(|environment| environment.name.as_str() == name).unwrap()
}
