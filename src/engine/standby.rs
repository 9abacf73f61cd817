//! A flow that must run once, started in several processes: one runs it, the others stand by for its lease.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::lease::{BEAT, Claim, Election, Tenure};
use crate::core::wait::Wait;
use crate::engine::meter::{FlowMeter, State};
use crate::engine::progress::Kept;
use crate::engine::retry::Complaints;
use std::sync::Arc;

/// Makes the leases ready for the worker whose directory the context names.
pub type Elect = Box<dyn Fn(&Context) -> Result<Arc<dyn Election>, Fault> + Send>;

/// Waits until the lease is this process's, and takes over what its holders before have kept; `None` when told to stop
/// before.
pub(super) fn stand_by(
    mut context: Context,
    elect: &Elect,
    meter: &FlowMeter,
    wait: &Wait,
) -> Result<Option<(Context, Kept)>, Fault> {
    let Some(tenure) = elected(&context, elect, meter, wait)? else { return Ok(None) };
    let kept = Kept::load(Arc::clone(&tenure), context.seed)?;
    context.seed = kept.seed;
    context.tenure = Some(tenure);
    Ok(Some((context, kept)))
}

fn elected(
    context: &Context,
    elect: &Elect,
    meter: &FlowMeter,
    wait: &Wait,
) -> Result<Option<Arc<Tenure>>, Fault> {
    let name = &context.service;
    let election = elect(context)?;
    let mut complaints = Complaints::default();
    let mut told = None;
    loop {
        match election.claim(name) {
            Ok(Claim::Held { .. }) => {
                if told.is_some() {
                    tracing::info!(service = %name, "takes over and goes on from the kept checkpoint");
                }
                return Ok(Some(Arc::new(Tenure::new(election, name))));
            }
            Ok(Claim::Elsewhere) => {
                let holder = election.holder(name);
                let by = holder.unwrap_or_else(|| "another process".to_owned());
                let reason = format!("held by {by}");
                meter.set_state(State::StandsBy(reason.clone()));
                if told.as_ref() != Some(&reason) {
                    tracing::info!(service = %name, "stands by: {reason}");
                    told = Some(reason);
                }
            }
            Err(fault @ Fault::Stop { .. }) => return Err(fault),
            Err(fault) => {
                meter.error(fault.reason());
                meter.set_state(State::Waiting(fault.reason().to_owned()));
                complaints.tell(name, &fault, BEAT);
            }
        }
        if wait.sleep(BEAT) {
            return Ok(None);
        }
    }
}
