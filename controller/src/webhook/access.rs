//! Whether whoever writes an object may also see what becomes of it.
//!
//! What the webhook says of an object stands in its condition later on. Told earlier to someone who may not
//! read the object, it would be more than RBAC reveals.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::{DynamicObject, PostParams};
use kube::core::admission::AdmissionRequest;
use kube::{Api, Client, ResourceExt};

/// Whether the user of the request may get the object that he writes.
pub(super) async fn may_read(
    client: &Client,
    request: &AdmissionRequest<DynamicObject>,
) -> Result<bool, kube::Error> {
    let reviews = Api::<SubjectAccessReview>::all(client.clone());
    let answer = reviews
        .create(&PostParams::default(), &question(request))
        .await?;
    Ok(answer
        .status
        .is_some_and(|status| status.allowed && status.denied != Some(true)))
}

fn question(request: &AdmissionRequest<DynamicObject>) -> SubjectAccessReview {
    let user = request.user_info.clone();
    let attributes = ResourceAttributes {
        verb: Some("get".to_owned()),
        group: Some(request.resource.group.clone()),
        resource: Some(request.resource.resource.clone()),
        namespace: request.namespace.clone(),
        name: request.object.as_ref().map(ResourceExt::name_any),
        ..ResourceAttributes::default()
    };
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            user: user.username,
            uid: user.uid,
            groups: user.groups,
            extra: user.extra,
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}
