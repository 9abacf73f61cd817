//! Where a stack keeps its leases, made ready for one worker.

use super::directory::DirectoryLeases;
use super::election::DirectoryElection;
use super::registers::RegisterLeases;
use crate::clients::nats::{Address, Bucket};
use crate::clients::postgres::registers::RowRegisters;
use crate::clients::postgres::table::Line;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::lease::{Election, LeasePlace};
use crate::core::options::{Options, Setting};
use std::sync::Arc;
use std::time::Duration;

/// How long a statement about a lease may take.
const STATEMENT: Duration = Duration::from_secs(2);

/// For the worker whose own directory the context names, and which it holds locked.
pub fn open(place: &LeasePlace, context: &Context) -> Result<Arc<dyn Election>, Fault> {
    let (disk, data, stack) = (&context.disk, &context.data, &context.stack);
    let with = |url: &str| {
        let mut options = Options::default();
        options.set("url", Setting::Text(url.to_owned()));
        options.set("timeout", Setting::Duration(STATEMENT));
        options
    };
    match place {
        LeasePlace::Nats { url, replicas } => {
            let client = format!("headwater {stack}/{} leases", context.service);
            let name = format!("headwater-{stack}");
            let bucket = Bucket::new(Address::of(&with(url)), &name, *replicas, &client)?;
            Ok(RegisterLeases::start(Box::new(bucket), disk, data)?)
        }
        LeasePlace::Postgres(url) => {
            let rows = RowRegisters::new(Line::of(&with(url))?, stack);
            Ok(RegisterLeases::start(Box::new(rows), disk, data)?)
        }
        LeasePlace::Directory(place) => {
            let leases = DirectoryLeases::start(disk, &place.join(stack), data)?;
            Ok(Arc::new(DirectoryElection::new(disk, leases)))
        }
    }
}
