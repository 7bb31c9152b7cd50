//! How large a template may be.

use serde_json::Value;

use crate::rule::Rule;
use crate::violation::Violation;

const MAXIMUM_BYTES_IN_REQUEST: usize = 51_200;
const MAXIMUM_BYTES_BY_URL: usize = 1_000_000;

/// The most entries of a section.
struct SectionLimit {
    rule: Rule,
    section: &'static str,
    maximum: usize,
    message: fn(usize, usize) -> String,
}

const SECTION_LIMITS: &[SectionLimit] = &[
    SectionLimit {
        rule: Rule::TooManyResources,
        section: "Resources",
        maximum: 500,
        message: |count, maximum| {
            format!(
                "Template format error: Number of resources, {count}, is greater than maximum allowed, {maximum}"
            )
        },
    },
    SectionLimit {
        rule: Rule::TooManyParameters,
        section: "Parameters",
        maximum: 200,
        message: |count, maximum| {
            format!("Template format error: Parameters count {count} is greater than max allowed {maximum}")
        },
    },
    SectionLimit {
        rule: Rule::TooManyOutputs,
        section: "Outputs",
        maximum: 200,
        message: |count, maximum| {
            format!("Template format error: Outputs count {count} is greater than max allowed {maximum}")
        },
    },
];

/// Returns whether the text of a template is too long.
pub(crate) fn check_size(text: &str, by_url: bool) -> Option<Violation> {
    let (maximum, message) = if by_url {
        (MAXIMUM_BYTES_BY_URL, format!("Template may not exceed {MAXIMUM_BYTES_BY_URL} bytes in size."))
    } else {
        let constraint = format!("Member must have length less than or equal to {MAXIMUM_BYTES_IN_REQUEST}");
        let message = format!(
            "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: {constraint}"
        );
        (MAXIMUM_BYTES_IN_REQUEST, message)
    };
    (text.len() > maximum).then(|| Violation::of_template(Rule::TemplateTooLarge, message))
}

/// Returns which sections have too many entries.
pub(crate) fn check_sections(template: &Value) -> impl Iterator<Item = Violation> {
    SECTION_LIMITS.iter().filter_map(|limit| {
        let count = template[limit.section].as_object().map_or(0, serde_json::Map::len);
        (count > limit.maximum).then(|| Violation {
            path: format!("/{}", limit.section),
            ..Violation::of_template(limit.rule, (limit.message)(count, limit.maximum))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, queue, rules};

    fn padded(bytes: usize) -> String {
        let template = json!({ "Resources": { "Queue": queue() } }).to_string();
        let padding = bytes - template.len();
        template + &" ".repeat(padding)
    }

    fn many(count: usize, entry: &Value) -> Value {
        (0..count).map(|index| (format!("Entry{index}"), entry.clone())).collect::<Map<_, _>>().into()
    }

    #[test]
    fn text_in_the_request_has_51200_bytes_at_most() {
        assert_eq!(rules(&Request::of_text(padded(51_200))), []);
        assert_eq!(rules(&Request::of_text(padded(51_201))), [Rule::TemplateTooLarge]);
    }

    #[test]
    fn text_at_a_url_has_a_million_bytes_at_most() {
        let by_url = |bytes| Request { by_url: true, ..Request::of_text(padded(bytes)) };
        assert_eq!(rules(&by_url(1_000_000)), []);
        assert_eq!(rules(&by_url(1_000_001)), [Rule::TemplateTooLarge]);
    }

    #[test]
    fn sections_have_a_limited_number_of_entries() {
        let resource = json!({ "Type": "AWS::SQS::Queue" });
        let parameter = json!({ "Type": "String", "Default": "value" });
        let output = json!({ "Value": "value" });
        let cases = [
            ("Resources", resource, 500, Rule::TooManyResources),
            ("Parameters", parameter, 200, Rule::TooManyParameters),
            ("Outputs", output, 200, Rule::TooManyOutputs),
        ];
        for (section, entry, maximum, rule) in cases {
            let request = |count| {
                let mut template = json!({ "Resources": { "Queue": queue() } });
                template[section] = many(count, &entry);
                Request::new(&template)
            };
            assert_eq!(rules(&request(maximum)), [], "{section}");
            assert_eq!(rules(&request(maximum + 1)), [rule], "{section}");
        }
    }
}
