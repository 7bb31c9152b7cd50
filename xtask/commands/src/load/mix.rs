//! How often each operation occurs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use command_line::WrongUsage;
use fastrand::Rng;
use serde::Deserialize;
use tokio::fs;

use super::operation::Operation;

const DEFAULT: &str = include_str!("default-mix.toml");

/// The weights of the operations. At least one is not 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mix {
    weights: BTreeMap<Operation, u32>,
}

impl Mix {
    /// Reads a file, or returns the default mix.
    pub(super) async fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Self::parse(DEFAULT) };
        let text = fs::read_to_string(path).await;
        let text = text.with_context(|| format!("cannot read the mix {}", path.display()))?;
        Self::parse(&text)
            .map_err(|error| WrongUsage::new(format!("{} is not a mix: {error}", path.display())).into())
    }

    /// Parses a mix. The error names the line.
    fn parse(text: &str) -> Result<Self> {
        let mix: Self = toml::from_str(text)?;
        ensure!(
            mix.total() > 0,
            "no operation has a weight; the default mix is xtask/commands/src/load/default-mix.toml"
        );
        Ok(mix)
    }

    /// Returns the operations that occur.
    pub(super) fn operations(&self) -> impl Iterator<Item = Operation> {
        self.weights.iter().filter(|(_, weight)| **weight > 0).map(|(operation, _)| *operation)
    }

    /// Returns an operation at random.
    pub(super) fn choose(&self, generator: &mut Rng) -> Option<Operation> {
        let mut rest = generator.u64(..self.total());
        self.weights.iter().find_map(|(operation, weight)| {
            let chosen = rest < u64::from(*weight);
            rest = rest.saturating_sub((*weight).into());
            chosen.then_some(*operation)
        })
    }

    fn total(&self) -> u64 {
        self.weights.values().copied().map(u64::from).sum()
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn default_mix_has_every_operation() {
        let mix = Mix::parse(DEFAULT).unwrap();
        assert_eq!(mix.operations().collect::<Vec<_>>(), Operation::VARIANTS);
    }

    #[test]
    fn operations_occur_as_often_as_they_weigh() {
        let mix = Mix::parse("[weights]\nsign-file = 1\ncdn-range = 3\nrestore = 0").unwrap();
        let mut generator = Rng::with_seed(3);
        let mut counts = BTreeMap::<Operation, u32>::new();
        for _ in 0..4000 {
            *counts.entry(mix.choose(&mut generator).unwrap()).or_default() += 1;
        }
        assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [Operation::SignFile, Operation::CdnRange]);
        assert!((900..1100).contains(&counts[&Operation::SignFile]), "{counts:?}");
    }

    #[test]
    fn unknown_key_is_rejected_with_its_line() {
        for (text, line) in [
            ("[weights]\nsign-file = 1\nsign-fil = 1", "line 3"),
            ("[weights]\nsign-file = 1\n\n[rates]\nsign-file = 1", "line 4"),
            ("[weights]\nsign-file = -1", "line 2"),
            ("[weights]\nsign-file = 1\nsign-file = 1", "line 3"),
        ] {
            let message = Mix::parse(text).unwrap_err().to_string();
            assert!(message.contains(line), "{message}");
        }
    }

    #[test]
    fn mix_without_weights_is_rejected() {
        for text in ["[weights]", "[weights]\nsign-file = 0"] {
            let message = Mix::parse(text).unwrap_err().to_string();
            assert!(message.starts_with("no operation has a weight"), "{message}");
        }
        Mix::parse("").unwrap_err();
    }

    proptest! {
        #[test]
        fn any_text_is_a_mix_that_can_be_chosen_from_or_an_error(text: String, seed: u64) {
            if let Ok(mix) = Mix::parse(&text) {
                prop_assert!(mix.choose(&mut Rng::with_seed(seed)).is_some());
            }
        }

        #[test]
        fn any_weights_are_a_mix_of_the_operations_that_weigh(weights: [u32; 3], seed: u64) {
            let [file, package, restore] = weights;
            let text = format!("[weights]\nsign-file = {file}\nsign-package = {package}\nrestore = {restore}");
            let mix = Mix::parse(&text).ok();
            prop_assert_eq!(mix.is_some(), weights != [0; 3]);
            if let Some(mix) = mix {
                let chosen = mix.choose(&mut Rng::with_seed(seed)).unwrap();
                prop_assert!(mix.operations().any(|operation| operation == chosen));
            }
        }
    }
}
