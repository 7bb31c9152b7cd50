//! The query parameters of each route, as one struct for each set of parameters.
//!
//! The struct is what a handler receives, and the documents list its fields. A parameter can therefore not be
//! documented without being parsed, nor parsed without being documented. An [`Operation`](crate::Operation)
//! names its struct once, and [`Call`](crate::Call) hands exactly that struct to the handler.

mod error;
mod query;
mod value;

pub use self::error::{ParameterError, ParameterProblem};
pub use self::query::Query;
pub use self::value::{Delivery, ParameterKind, Scope, UrlParameter};

use self::value::ParameterValue;
use crate::asset_path::AssetPath;
use crate::ids::{DatasetNodeId, PackageNodeId};

/// The documentation of a query parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// Whether a request without it is rejected.
    pub required: bool,
    /// The values that are accepted.
    pub kind: ParameterKind,
    /// The meaning.
    pub description: &'static str,
}

/// A struct of query parameters, which parses what it documents.
pub trait RouteParameters: Sized {
    /// The documentation of each field.
    const PARAMETERS: &'static [Parameter];

    /// Parses the query of a request.
    fn parse(query: Query<'_>) -> Result<Self, ParameterError>;
}

/// The unparsed parameters of a route.
///
/// Claims and roles are checked before they are parsed.
pub struct Unparsed<'query, P> {
    query: Query<'query>,
    parameters: std::marker::PhantomData<P>,
}

impl<'query, P: RouteParameters> Unparsed<'query, P> {
    pub(crate) fn new(query: Query<'query>) -> Self {
        Self { query, parameters: std::marker::PhantomData }
    }

    /// Parses the parameters.
    pub fn parse(self) -> Result<P, ParameterError> {
        P::parse(self.query)
    }
}

const DATASET_ID: &str = "Node id of the dataset. The caller must have access to this dataset.";
const PACKAGE_ID: &str = "Node id of a package of the dataset. The package must not be deleted.";
const ASSET_PATH: &str = "Path of a viewer asset within the package, percent-encoded once. Rejected if it has an empty, `.` or `..` \
     segment, a leading `/`, a backslash or a control character, or if the whole key would be longer than 1,024 bytes.";
const REDIRECT: &str =
    "`false` returns JSON (GET) or the headers of the object (HEAD) instead of a redirect.";
const SCOPE: &str =
    "`file` signs one URL and requires `path`; `package` signs a policy for all assets of the package.";
const PRESIGNED_URL: &str =
    "A URL presigned with Signature Version 4 for an object in an allowed bucket, percent-encoded once.";

/// Declares structs of parameters.
///
/// The type of a field decides what it accepts; its text is the description.
macro_rules! route_parameters {
    ($($(#[$documentation:meta])* $name:ident { $($field:ident: $type:ty = $description:expr,)* })+) => {$(
        $(#[$documentation])*
        pub struct $name {
            $(
                #[doc = concat!("The parameter `", stringify!($field), "`.")]
                pub $field: $type,
            )*
        }

        impl RouteParameters for $name {
            const PARAMETERS: &'static [Parameter] = &[$(Parameter {
                name: stringify!($field),
                required: <$type as ParameterValue>::REQUIRED,
                kind: <$type as ParameterValue>::KIND,
                description: $description,
            }),*];

            #[allow(unused_variables, reason = "a route can have no parameters")]
            fn parse(query: Query<'_>) -> Result<Self, ParameterError> {
                Ok(Self { $($field: query.parse(stringify!($field))?,)* })
            }
        }
    )+};
}

route_parameters! {
    /// The parameter of every route that requires a role in a dataset.
    DatasetParameters {
        dataset_id: DatasetNodeId = DATASET_ID,
    }

    /// No parameters besides those that the access to the route requires.
    NoParameters {}

    /// The parameters of `/presign/s3`.
    PresignParameters {
        package_id: PackageNodeId = PACKAGE_ID,
        path: Option<AssetPath> = ASSET_PATH,
        redirect: Delivery = REDIRECT,
    }

    /// The parameters of `/cloudfront/sign`.
    SignParameters {
        package_id: PackageNodeId = PACKAGE_ID,
        path: Option<AssetPath> = ASSET_PATH,
        scope: Scope = SCOPE,
    }

    /// The parameters of `GET /proxy/s3`.
    ProxyParameters {
        presigned_url: UrlParameter = PRESIGNED_URL,
    }

    /// The parameters of `HEAD /proxy/s3`.
    ProxyHeadParameters {
        presigned_url: UrlParameter = PRESIGNED_URL,
        redirect: Delivery = REDIRECT,
    }
}

#[cfg(test)]
mod tests;
