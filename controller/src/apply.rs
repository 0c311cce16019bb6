//! Brings one Secret into the form that it should have.

use futures::TryFutureExt;
use tracing::Instrument;
use waxwing_api::{Reason, SealedSecret};

use crate::contest::Turn;
use crate::managed_fields::rival;
use crate::object_key::ObjectKey;
use crate::ownership::Target;
use crate::plan::{Plan, plan};
use crate::reconcile::Context;
use crate::secrets::Seen;
use crate::traces::spans;
use crate::unseal::{Desired, Failure};
use crate::writer::{NotWritten, WriteError, Writer};

/// How often a write is tried anew at once, when someone else writes at the same time.
const ATTEMPTS: usize = 3;

/// A Secret in the form that it should have.
struct Applied {
    version: String,
    before: Before,
    /// It is contested, and may not stay so.
    on_trial: bool,
}

/// How the Secret was before.
enum Before {
    AsItShouldBe,
    /// It was not there, or that field manager had changed it last.
    Otherwise(Option<String>),
}

/// Looks at the Secret `key`, decides and applies; returns its version then.
pub(crate) async fn apply(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    target: &Target,
    desired: &Desired,
) -> Result<String, NotWritten> {
    let is_repair = is_repair(sealed);
    if !is_repair {
        context.contests.forget(key);
    }
    let seen = context.secrets.version(key);
    let applied = look_and_apply(context, key, target, desired, seen.is_some())
        .inspect_err(|why| match why {
            NotWritten::NamespaceGoes => spans::ended("Gone"),
            NotWritten::Failed(failure) => spans::failed(failure.reason.as_str()),
        })
        .instrument(spans::write(key))
        .await?;
    let left = Seen::new(&applied.version, target.is_cluster_wide());
    context.secrets.leave(key, seen.as_deref(), left);
    if let Before::Otherwise(rival) = applied.before
        && is_repair
    {
        context.contests.put_right(key, rival.as_deref());
    }
    if applied.on_trial {
        return Err(context.contests.failure(key).into());
    }
    Ok(applied.version)
}

/// Whether this very generation was worked off before: then its Secret was put there, or could not be.
fn is_repair(sealed: &SealedSecret) -> bool {
    let status = sealed.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    observed.is_some() && observed == sealed.metadata.generation
}

async fn look_and_apply(
    context: &Context,
    key: &ObjectKey,
    target: &Target,
    desired: &Desired,
    is_there: bool,
) -> Result<Applied, NotWritten> {
    let writer = Writer::new(context.client.clone(), key);
    let mut existing = match is_there {
        true => writer.look().await?,
        false => None,
    };
    for _ in 0..ATTEMPTS {
        let plan = plan(desired, target, existing.as_ref());
        let turn = context
            .contests
            .turn(key, matches!(plan, Plan::Leave { .. }));
        let on_trial = turn == Turn::ProceedOnTrial;
        let written = match plan {
            Plan::Leave { version } => {
                return Ok(Applied {
                    version,
                    before: Before::AsItShouldBe,
                    on_trial,
                });
            }
            Plan::Refuse(failure) => return Err(failure.into()),
            _ if turn == Turn::HoldOff => return Err(context.contests.failure(key).into()),
            Plan::Apply(apply) => writer.apply(&apply).await,
            Plan::Recreate(apply) => writer.recreate(existing.as_ref(), &apply).await,
        };
        match written {
            Ok(version) => {
                let rival = existing.as_ref().and_then(rival);
                return Ok(Applied {
                    version,
                    before: Before::Otherwise(rival.map(str::to_owned)),
                    on_trial,
                });
            }
            Err(WriteError::Conflict) => existing = writer.look().await?,
            Err(WriteError::NamespaceGoes) => return Err(NotWritten::NamespaceGoes),
            Err(WriteError::Failed(failure)) => return Err(failure.into()),
        }
    }
    Err(Failure::of_object(
        Reason::ApiError,
        "someone else keeps changing the Secret; tried again by and by",
    )
    .into())
}
