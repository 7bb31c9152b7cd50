//! Checking whether a caller has access to a dataset.

use openapi::{Access, DatasetNodeId, DatasetParameters, OrganizationId, RouteParameters as _};

use super::error::ApiError;
use super::record::RequestRecord;
use crate::http::ApiRequest;

/// A dataset that the caller has access to.
pub(super) struct AdmittedDataset {
    pub(super) organization: OrganizationId,
    pub(super) node_id: DatasetNodeId,
}

/// Checks the claims, the role, and then the dataset of the claims.
///
/// The last check is needed because the authorizer ignores `dataset_id` for the callback token of the
/// platform: it returns the claims for the dataset of the callback.
pub(super) fn admit(
    access: Access,
    request: &ApiRequest,
    record: &mut RequestRecord,
) -> Result<AdmittedDataset, ApiError> {
    let Access::Dataset(required) = access else {
        return Err(ApiError::internal("the route is public and has no claims"));
    };
    let claims = request.claims();
    let organization = claims.organization()?;
    record.organization = Some(organization.id);
    let dataset = claims.dataset()?;
    if dataset.role < required {
        return Err(ApiError::RoleTooLow { required });
    }
    let DatasetParameters { dataset_id } = DatasetParameters::parse(request.query())?;
    record.dataset = Some(dataset_id.clone());
    if dataset_id != dataset.node_id {
        return Err(ApiError::OtherDataset);
    }
    Ok(AdmittedDataset { organization: organization.id, node_id: dataset.node_id })
}
