//! The types of parameters, and the values that each of them accepts.

use std::borrow::Cow;

use super::error::ParameterProblem;
use crate::asset_path::AssetPath;
use crate::ids::{DatasetNodeId, PackageNodeId, is_node_id};

/// The values that a query parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A node id.
    NodeId,
    /// The path of an asset within its package.
    AssetPath,
    /// An absolute URL.
    Url,
    /// One of these words; the first is the default.
    OneOf(&'static [&'static str]),
    /// `false` replaces the redirect; any other value is the default, a redirect.
    Redirect,
}

/// A type that a query parameter can have.
pub(super) trait ParameterValue: Sized {
    /// The values that the type accepts.
    const KIND: ParameterKind;
    /// Whether a request without the parameter is rejected.
    const REQUIRED: bool;

    /// Parses a decoded value, or `None` if the parameter is missing.
    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem>;
}

/// How a response delivers an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As a redirect to it.
    Redirect,
    /// As JSON, or as its headers.
    Inline,
}

impl ParameterValue for Delivery {
    const KIND: ParameterKind = ParameterKind::Redirect;
    const REQUIRED: bool = false;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        Ok(if value.as_deref() == Some("false") { Self::Inline } else { Self::Redirect })
    }
}

/// What `/cloudfront/sign` signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The URL of one asset.
    File,
    /// A policy for all assets of a package.
    Package,
}

impl ParameterValue for Scope {
    const KIND: ParameterKind = ParameterKind::OneOf(&["file", "package"]);
    const REQUIRED: bool = false;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        match not_blank(value)?.as_deref() {
            None | Some("file") => Ok(Self::File),
            Some("package") => Ok(Self::Package),
            Some(_) => Err(ParameterProblem::NotAScope),
        }
    }
}

/// A URL that may grant access by itself, and so has neither `Debug` nor `Display`.
pub struct UrlParameter(String);

impl UrlParameter {
    /// Returns the URL as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ParameterValue for UrlParameter {
    const KIND: ParameterKind = ParameterKind::Url;
    const REQUIRED: bool = true;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        required(value).map(|url| Self(url.into_owned()))
    }
}

impl ParameterValue for Option<AssetPath> {
    const KIND: ParameterKind = ParameterKind::AssetPath;
    const REQUIRED: bool = false;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        Ok(not_blank(value)?.map(|path| AssetPath::parse(&path)).transpose()?)
    }
}

impl ParameterValue for DatasetNodeId {
    const KIND: ParameterKind = ParameterKind::NodeId;
    const REQUIRED: bool = true;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        node_id(value).map(Self)
    }
}

impl ParameterValue for PackageNodeId {
    const KIND: ParameterKind = ParameterKind::NodeId;
    const REQUIRED: bool = true;

    fn parse(value: Option<Cow<'_, str>>) -> Result<Self, ParameterProblem> {
        node_id(value).map(Self)
    }
}

fn not_blank(value: Option<Cow<'_, str>>) -> Result<Option<Cow<'_, str>>, ParameterProblem> {
    match value {
        Some(value) if value.trim().is_empty() => Err(ParameterProblem::Blank),
        value => Ok(value),
    }
}

fn required(value: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, ParameterProblem> {
    not_blank(value)?.ok_or(ParameterProblem::Missing)
}

fn node_id(value: Option<Cow<'_, str>>) -> Result<String, ParameterProblem> {
    let id = required(value)?;
    if is_node_id(&id) { Ok(id.into_owned()) } else { Err(ParameterProblem::NotANodeId) }
}
