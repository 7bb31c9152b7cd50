//! The kinds of requests.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// A kind of request that clients send.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Operation {
    /// Sign the CDN URL of one asset.
    SignFile,
    /// Sign a policy for all assets of a package.
    SignPackage,
    /// Be redirected to a file in S3.
    PresignRedirect,
    /// Get the presigned URL of a file as JSON.
    PresignJson,
    /// Be redirected to a file in S3, with HEAD.
    PresignHeadRedirect,
    /// Get the headers of a file.
    PresignHead,
    /// Follow a presigned URL.
    ProxyRedirect,
    /// Get the headers of the object at a presigned URL.
    ProxyHead,
    /// Restore the deleted demo file.
    Restore,
    /// Ask whether a page may send a request.
    Preflight,
    /// Read an asset from the CDN.
    CdnFile,
    /// Read the end of an asset from the CDN, as readers of Parquet and of Zarr shards do.
    CdnRange,
    /// Read a chunk that is not stored, which readers of Zarr fill with a default.
    CdnMissing,
    /// Send no token.
    NoToken,
    /// Name a dataset to which the user has no access.
    OtherDataset,
}

impl Operation {
    /// Returns the name in mixes and reports.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the status of a correct response.
    pub(super) fn expected_status(self) -> u16 {
        match self {
            Self::SignFile
            | Self::SignPackage
            | Self::PresignJson
            | Self::PresignHead
            | Self::ProxyHead
            | Self::Restore
            | Self::CdnFile => 200,
            Self::Preflight => 204,
            Self::CdnRange => 206,
            Self::PresignRedirect | Self::PresignHeadRedirect | Self::ProxyRedirect => 307,
            Self::NoToken => 401,
            Self::OtherDataset => 403,
            Self::CdnMissing => 404,
        }
    }
}
