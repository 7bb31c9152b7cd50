//! What routes do.

use crate::parameters::{
    NoParameters, Parameter, PresignParameters, ProxyHeadParameters, ProxyParameters, Query, RouteParameters,
    SignParameters, Unparsed,
};

macro_rules! operations {
    ($($(#[$documentation:meta])* $operation:ident($parameters:ty) = $id:literal;)+) => {
        /// What a route does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$documentation])* $operation,)+
        }

        /// An operation with its unparsed parameters.
        ///
        /// The dispatcher matches on this, so an operation without a handler does not compile.
        pub enum Call<'query> {
            $($(#[$documentation])* $operation(Unparsed<'query, $parameters>),)+
        }

        impl Operation {
            /// Returns the operation id in the OpenAPI documents.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$operation => $id,)+
                }
            }

            /// Returns the parameters that the handler receives.
            pub(crate) const fn parameters(self) -> &'static [Parameter] {
                match self {
                    $(Self::$operation => <$parameters>::PARAMETERS,)+
                }
            }

            /// Returns the call that a request with this query makes.
            pub fn call(self, query: Query<'_>) -> Call<'_> {
                match self {
                    $(Self::$operation => Call::$operation(Unparsed::new(query)),)+
                }
            }
        }
    };
}

operations! {
    /// Queue deleted packages for restoring.
    RestorePackages(NoParameters) = "restorePackages";
    /// Presign an S3 object for GET.
    PresignObject(PresignParameters) = "presignObject";
    /// Presign an S3 object for HEAD, or return its headers.
    PresignObjectHead(PresignParameters) = "presignObjectHead";
    /// Sign a CloudFront URL, or a policy for the assets of a package.
    SignAssets(SignParameters) = "signAssets";
    /// Redirect to a presigned S3 URL.
    ProxyObject(ProxyParameters) = "proxyObject";
    /// Redirect to a HEAD-presigned URL of the object of a presigned S3 URL.
    ProxyObjectHead(ProxyHeadParameters) = "proxyObjectHead";
}
