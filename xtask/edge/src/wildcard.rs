//! Matching with `*` and `?`, as CloudFront and S3 do in policies, path patterns and origins.

/// Returns whether `text` matches `pattern`.
///
/// `*` matches any sequence of characters, including `/` and the empty sequence. `?` matches exactly one character.
/// There is no escape. The time is at most proportional to the product of both lengths, because a pattern can come
/// from a policy in an untrusted request.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    // The position of the last `*`, and how much of the text it has matched.
    let mut star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(&expected) if expected == '?' || expected == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((star_pattern, star_text)) = star else {
                    return false;
                };
                star = Some((star_pattern, star_text + 1));
                at_pattern = star_pattern + 1;
                at_text = star_text + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        assert!(matches("*.parquet", "O1/D2/P3/a.parquet"));
        assert!(!matches("*.parquet", "O1/D2/P3/a.parquet.txt"));
        assert!(matches("http://*/O1/?3/*", "http://host/O1/P3/"));
        assert!(!matches("a?c", "ac"));
        assert!(matches("", ""));
        assert!(!matches("", "a"));
        assert!(matches("**", ""));
    }

    /// Matches by the definition. It takes exponential time, so it is only for short texts.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|taken| by_definition(rest, &text[taken..])),
            (Some(('?', rest)), Some((_, text))) => by_definition(rest, text),
            (Some((expected, rest)), Some((found, text))) if expected == found => by_definition(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matches_agree_with_the_definition(pattern in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            let expected = by_definition(
                &pattern.chars().collect::<Vec<_>>(),
                &text.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(matches(&pattern, &text), expected);
        }
    }
}
