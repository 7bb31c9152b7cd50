//! The commands that this program runs itself, one module each.

mod cargo_deny;
mod cargo_machete;
pub(crate) mod ci;
pub(crate) mod doctor;
pub(crate) mod fuzz;
mod generated;
pub(crate) mod openapi;
pub(crate) mod reference;
pub(crate) mod render;
pub(crate) mod test;
pub(crate) mod viewer_page;
