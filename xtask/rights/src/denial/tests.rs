//! The forms of errors.

use http::{Request, StatusCode};

use super::*;

fn refusal() -> Denial {
    Denial::Refused(Refusal {
        principal: Some("arn:aws:iam::000000000000:user/reviewer".to_owned()),
        action: "s3:PutObject".to_owned(),
        resource: "arn:aws:s3:::bucket/<key>".to_owned(),
        reason: crate::refusal::Reason::NothingAllows(crate::refusal::PolicyKind::Identity),
    })
}

fn response_to(denial: &Denial, protocol: Protocol) -> (StatusCode, String) {
    let response = denial.response(protocol, "/bucket/<key>");
    (response.status(), String::from_utf8_lossy(response.body()).into_owned())
}

#[test]
fn refusal_is_worded_as_each_service_words_it() {
    for (protocol, status, code) in [
        (Protocol::S3, StatusCode::FORBIDDEN, "<Code>AccessDenied</Code>"),
        (Protocol::Xml, StatusCode::FORBIDDEN, "<Code>AccessDenied</Code>"),
        (Protocol::Json, StatusCode::BAD_REQUEST, "\"__type\":\"AccessDeniedException\""),
        (Protocol::RestJson, StatusCode::FORBIDDEN, "\"__type\":\"AccessDeniedException\""),
        (Protocol::Cbor, StatusCode::BAD_REQUEST, "AccessDeniedException"),
    ] {
        let (received_status, body) = response_to(&refusal(), protocol);
        assert_eq!(received_status, status, "{protocol:?}");
        assert!(body.contains(code) && body.contains("is not authorized to perform: s3:PutObject"), "{body}");
    }
}

#[test]
fn errors_in_xml_are_escaped() {
    let (_, body) = response_to(&refusal(), Protocol::S3);
    assert!(body.contains("<Resource>/bucket/&lt;key&gt;</Resource>"), "{body}");
}

#[test]
fn errors_of_signatures_have_the_codes_of_the_service() {
    for (error, s3, xml, json) in [
        (
            SignatureError::UnknownAccessKey,
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        ),
        (
            SignatureError::Mismatch,
            "SignatureDoesNotMatch",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
        ),
        (SignatureError::InvalidToken, "InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException"),
    ] {
        let denial = Denial::Signature(error);
        for (protocol, code) in [(Protocol::S3, s3), (Protocol::Xml, xml), (Protocol::Json, json)] {
            let (_, body) = response_to(&denial, protocol);
            assert!(body.contains(code), "{body}");
        }
    }
}

#[test]
fn protocol_is_that_of_the_request() {
    let of = |service, name: &'static str, value: &'static str| {
        let request = Request::post("/").header(name, value).body(()).unwrap();
        Protocol::of(service, &request.into_parts().0)
    };
    assert_eq!(of(Some(Service::Sqs), "x-amz-target", "AmazonSQS.SendMessage"), Protocol::Json);
    assert_eq!(of(Some(Service::CloudWatch), "smithy-protocol", "rpc-v2-cbor"), Protocol::Cbor);
    assert_eq!(of(Some(Service::CloudFormation), "accept", "*/*"), Protocol::Xml);
    assert_eq!(of(Some(Service::Lambda), "accept", "*/*"), Protocol::RestJson);
}
