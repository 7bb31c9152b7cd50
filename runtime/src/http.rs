//! The HTTP side of the API function: requests of `lambda_http` in, responses out.

mod event;
mod request;
mod response;

pub use self::event::HttpApiEvent;
pub(crate) use self::request::ApiRequest;
pub use self::response::Response;
