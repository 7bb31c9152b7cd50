//! The rules for presigned URLs, as errors.

/// A URL violates a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3UrlError {
    /// It has a byte that an encoded URL cannot contain.
    #[error("has a space, backslash, control or non-ASCII character")]
    ForbiddenCharacter,
    /// It has another scheme.
    #[error("must begin with https://")]
    Scheme,
    /// It has user info or a port.
    #[error("must not have user info or a port")]
    UserInfoOrPort,
    /// It has a fragment.
    #[error("must not have a fragment")]
    Fragment,
    /// It has another host.
    #[error("has a host that is not an S3 endpoint")]
    Host,
    /// It has no bucket, or one that cannot exist.
    #[error("names no valid bucket")]
    Bucket,
    /// Its bucket is not allowed.
    #[error("names a bucket that is not allowed here")]
    BucketNotAllowed,
    /// It has no key.
    #[error("names no object")]
    NoKey,
    /// It has a path that parsers read differently.
    #[error("has a path with `.` or `..` segments or broken percent-encoding")]
    Path,
    /// It has a raw `+` in the path.
    #[error("has a raw `+` in its path, which S3 reads as a space: encode it as %2B, or a space as %20")]
    RawPlus,
    /// It is signed with Signature Version 2.
    #[error("is signed with Signature Version 2, which is not accepted")]
    SignatureVersion2,
    /// A parameter of the signature is missing, repeated or malformed.
    #[error("has a missing, repeated or malformed `{0}`")]
    Parameter(&'static str),
    /// It has a parameter that no presigned `GetObject` has.
    #[error("has the parameter `{0}`, which a URL presigned for GetObject cannot have")]
    UnknownParameter(String),
    /// It has expired.
    #[error("has expired")]
    Expired,
}
