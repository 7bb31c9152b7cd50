//! A path is rejected by the documented rules, or its URL names exactly its key.

use openapi::{AssetPath, AssetPrefix, DatasetId, OrganizationId, PackageId};
use percent_encoding::percent_decode_str;
use signing::{BaseUrl, CdnOrigin};
use url::Url;

const PREFIX: AssetPrefix =
    AssetPrefix { organization: OrganizationId(1), dataset: DatasetId(2), package: PackageId(3) };
const PREFIX_TEXT: &str = "O1/D2/P3/";

/// Checks a path and returns whether it is accepted.
pub fn check(path: &str) -> bool {
    let key = AssetPath::parse(path).and_then(|path| path.key(PREFIX)).ok();
    let expected = is_allowed(path).then(|| format!("{PREFIX_TEXT}{path}"));
    assert_eq!(key, expected, "the documented rules reject it, or it is part of the key");
    let Some(key) = key else { return false };

    let signable = CdnOrigin::parse("assets.example").expect("a domain is an origin").url_of(&key);
    assert_eq!(BaseUrl::parse(signable.as_str()).as_ref(), Ok(&signable), "it can be signed");
    let text = signable.as_str();
    let encoded = text.strip_prefix("https://assets.example/").expect("the key follows the origin");
    assert!(
        encoded.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?+\"\\#".contains(&byte)),
        "no character that CloudFront, a policy or a client reads differently: {encoded}"
    );
    let url = Url::parse(text).expect("a browser can read the URL");
    assert_eq!(url.as_str(), text, "a browser changes nothing");
    assert_eq!((url.query(), url.fragment()), (None, None));
    let decoded: Vec<u8> = percent_decode_str(&url.path()[1..]).collect();
    assert_eq!(decoded, key.as_bytes(), "the URL names the key");
    true
}

/// Returns whether the documented rules allow a path.
fn is_allowed(path: &str) -> bool {
    let is_control = |character| matches!(character, '\0'..='\x1f' | '\x7f'..='\u{9f}');
    PREFIX_TEXT.len() + path.len() <= 1024
        && !path.contains(|character| character == '\\' || is_control(character))
        && path.split('/').all(|segment| !segment.is_empty() && segment != "." && segment != "..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;
    use crate::mutation::{passing, seeds};

    #[test]
    fn seeds_are_accepted() {
        for seed in seeds("asset_path") {
            assert!(check(&seed), "{seed}");
        }
    }

    #[test]
    fn mutated_path_is_rejected_by_the_rules_or_names_its_key() {
        let tries = 20_000;
        let accepted = passing("asset_path", tries, check);
        assert!((tries / 10..tries * 9 / 10).contains(&accepted), "{accepted} of {tries} were accepted");
    }

    proptest! {
        #[test]
        fn any_path_is_rejected_by_the_rules_or_names_its_key(path in any::<String>()) {
            check(&path);
        }

        #[test]
        fn long_path_is_rejected_by_the_rules_or_names_its_key(length in 1000..1040_usize) {
            prop_assert_eq!(check(&"a".repeat(length)), length <= 1015);
            check(&"é".repeat(length / 2));
        }
    }
}
