//! Labels, annotations and other names that the programs, the manifests and the users share.

/// The API group of every resource, label, annotation and stanza of Waxwing.
pub const GROUP: &str = "waxwing.dev";

/// The API version of all resources, as it stands in `apiVersion`.
pub const API_VERSION: &str = "waxwing.dev/v1alpha1";

/// The namespace that the controller runs in, and its keys lie in, unless told otherwise.
pub const DEFAULT_NAMESPACE: &str = "waxwing-system";

/// The field manager of every server-side apply of the controller.
pub const FIELD_MANAGER: &str = "waxwing-controller";

/// The type of the Secret that holds the private half of a sealing key.
pub const KEY_SECRET_TYPE: &str = "waxwing.dev/sealing-key";

/// The item of a key Secret that holds the age identity.
pub const KEY_SECRET_ITEM: &str = "identity";

/// Label on every Secret that the controller writes; its watch selects by it.
pub const MANAGED_LABEL: &str = "waxwing.dev/managed";

/// The value of [`MANAGED_LABEL`] on what is made from a SealedSecret.
pub const MANAGED_VALUE: &str = "true";

/// The value of [`MANAGED_LABEL`] on what is made from a ClusterSealedSecret.
pub const MANAGED_CLUSTER_VALUE: &str = "cluster";

/// Annotation by which the owner of an existing Secret lets Waxwing take it over
/// ([`ADOPT_REPLACE`]) or put its items into it ([`ADOPT_MERGE`]).
pub const ADOPT_ANNOTATION: &str = "waxwing.dev/adopt";

/// The Secret becomes Waxwing's: items that the SealedSecret lacks are removed.
pub const ADOPT_REPLACE: &str = "true";

/// The Secret stays its owner's: only the items of the SealedSecret are written.
pub const ADOPT_MERGE: &str = "merge";

/// Annotation on a key Secret whose key was revoked. It outlives the SealingKey, so that deleting
/// that object by hand cannot bring a revoked key back into use.
pub const REVOKED_ANNOTATION: &str = "waxwing.dev/revoked";

/// Annotation on a key Secret that the controller has just made, until its SealingKey is there:
/// after a crash in between, the key is completed instead of making another one.
pub const PENDING_ANNOTATION: &str = "waxwing.dev/pending";

/// Annotation on the primary SealingKey by which an administrator asks for a new primary now, without
/// waiting for its age; its value is the time of the request (RFC 3339).
pub const ROLLOVER_REQUESTED_ANNOTATION: &str = "waxwing.dev/rollover-requested";

/// Annotation on a SealingKey that tells which recovery recipients `spec.escrow` is encrypted to: a digest
/// of theirs and one of the escrow, so that a change of either is seen.
pub const ESCROW_RECIPIENTS_ANNOTATION: &str = "waxwing.dev/escrow-recipients";

/// Finalizer that keeps a SealingKey while SealedSecrets still need it.
pub const KEY_FINALIZER: &str = "waxwing.dev/in-use";

/// What `kubectl apply` leaves on an object: for a Secret it holds the plaintext.
pub const LAST_APPLIED_ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
