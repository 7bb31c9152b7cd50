//! `DeleteObjects`, which needs a permission for each object and returns a result for each object.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>

use std::fmt::Write as _;

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use http::Method;

use super::object_arn;
use crate::access::Access;
use crate::denial::escape;
use crate::services::Call;

/// The body of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteObjects {
    pub(crate) objects: Vec<DeletedObject>,
    is_quiet: bool,
}

/// An object in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeletedObject {
    key: String,
    version: Option<String>,
}

/// Returns what the request needs, in the order of its objects.
pub(super) fn required(call: &Call<'_>, bucket: &str) -> Vec<Access> {
    let access = |object: DeletedObject| {
        let action = if object.version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
        Access::new(action, object_arn(bucket, &object.key))
    };
    let request = DeleteObjects::parse(call.body).unwrap_or_default();
    request.objects.into_iter().map(access).collect()
}

/// Whether a request is a `DeleteObjects` request.
pub(crate) fn deletes_objects(call: &Call<'_>) -> bool {
    call.parts.method == Method::POST && call.query.has("delete")
}

impl DeleteObjects {
    /// Reads the body of a request. Returns nothing if S3 would reject it as MalformedXML.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| is_xml(text))?;
        let mut document = Document::new(text);
        let mut root = document.root_element().ok()?;
        let mut request = Self::default();
        while let Some(mut element) = root.next_tag() {
            if element.start_el().local() == "Object" {
                request.objects.push(DeletedObject::parse(&mut element)?);
            } else if element.start_el().local() == "Quiet" {
                request.is_quiet = try_data(&mut element).ok()?.as_ref() == "true";
            }
        }
        // The parser stops without an error where a document ends early.
        text.trim_end().ends_with("Delete>").then_some(request)
    }

    /// Returns the body of a request.
    pub(crate) fn body(&self) -> String {
        let mut body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
        for object in &self.objects {
            // Writing to a String cannot fail.
            let _ = write!(body, "<Object>{}</Object>", object.elements());
        }
        let _ = write!(body, "<Quiet>{}</Quiet></Delete>", self.is_quiet);
        body
    }
}

impl DeletedObject {
    fn parse(object: &mut ScopedDecoder<'_, '_>) -> Option<Self> {
        let mut deleted = Self::default();
        while let Some(mut field) = object.next_tag() {
            let name = field.start_el().local().to_owned();
            let text = try_data(&mut field).ok()?.into_owned();
            match name.as_str() {
                "Key" => deleted.key = text,
                "VersionId" => deleted.version = Some(text),
                _ => {}
            }
        }
        (!deleted.key.is_empty()).then_some(deleted)
    }

    /// Returns its key and version as XML.
    pub(crate) fn elements(&self) -> String {
        let mut elements = format!("<Key>{}</Key>", escape(&self.key));
        if let Some(version) = &self.version {
            let _ = write!(elements, "<VersionId>{}</VersionId>", escape(version));
        }
        elements
    }
}

/// Whether a text contains only what XML 1.0 can carry, as it is or as a reference to a character.
/// <https://www.w3.org/TR/xml/#charsets>
fn is_xml(text: &str) -> bool {
    let is_char =
        |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let references = text.split("&#").skip(1).filter_map(|rest| rest.split_once(';')).map(|(number, _)| {
        let code = match number.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        code.ok().and_then(char::from_u32)
    });
    text.chars().all(is_char) && references.into_iter().all(|reference| reference.is_some_and(is_char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_read_and_written() {
        let body = "<Delete><Object><Key>a &amp; b</Key></Object><Object><Key>c</Key><VersionId>1</VersionId></Object>\
                    <Quiet>true</Quiet></Delete>";
        let request = DeleteObjects::parse(body.as_bytes()).unwrap();
        assert_eq!(request.objects[0].key, "a & b");
        assert_eq!(request.objects[1].version.as_deref(), Some("1"));
        assert!(request.is_quiet);
        assert_eq!(DeleteObjects::parse(request.body().as_bytes()), Some(request));
    }

    #[test]
    fn what_xml_cannot_carry_is_malformed() {
        let with_key = |key: &str| format!("<Delete><Object><Key>{key}</Key></Object></Delete>");
        for key in ["a\u{1}", "a&#x1;", "a&#0;", "\u{ffff}", ""] {
            assert_eq!(DeleteObjects::parse(with_key(key).as_bytes()), None, "{key:?}");
        }
        for key in ["a&#xA;b", "ü ~ \u{1f600}", "&lt;"] {
            assert!(DeleteObjects::parse(with_key(key).as_bytes()).is_some(), "{key:?}");
        }
        for body in ["<Delete><Object>", "<Delete><Object><Key>a</Key></Object>", "", "{}"] {
            assert_eq!(DeleteObjects::parse(body.as_bytes()), None, "{body}");
        }
    }
}
