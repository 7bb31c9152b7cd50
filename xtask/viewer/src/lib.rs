//! The viewer: a page that shows the viewer assets of a package, as tables, images, pictures or bytes.
//!
//! The page reads assets as every viewer does: it gets a signature of scope `package` from the API, and reads objects and
//! ranges from the CDN. It consists of static files in this binary, which `web/` is compiled to, so that no machine needs
//! Node to show it. It loads nothing from other sites, and its content security policy allows only the API, the CDN and
//! the token issuer.

mod environment;
mod pages;
mod proxy;

pub use self::environment::{ApiAccess, DemoPackage, ViewerEnvironment};
pub use self::pages::serve;
