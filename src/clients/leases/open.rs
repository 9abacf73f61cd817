//! Where a stack keeps its leases, made ready for one worker.

use super::directory::DirectoryLeases;
use super::election::DirectoryElection;
use super::registers::{RegisterLeases, Registers};
use crate::clients::nats::{Address, Bucket};
use crate::clients::postgres::registers::RowRegisters;
use crate::clients::postgres::table::Line;
use crate::core::context::Context;
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::core::lease::{Election, LeasePlace};
use crate::core::options::{Options, Setting};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a statement about a lease may take.
const STATEMENT: Duration = Duration::from_secs(2);

/// For the worker whose own directory the context names, and which it holds locked.
pub fn open(place: &LeasePlace, context: &Context) -> Result<Arc<dyn Election>, Fault> {
    let (disk, data, stack) = (&context.disk, &context.data, &context.stack);
    match open_place(place, stack, &context.service)? {
        Open::Registers(registers) => Ok(RegisterLeases::start(registers, disk, data)?),
        Open::Directory(place) => {
            let leases = DirectoryLeases::start(disk, &place, data)?;
            Ok(Arc::new(DirectoryElection::new(disk, leases)))
        }
    }
}

/// The checkpoint of a flow that is kept there, for those who only look.
pub fn saved(
    place: &LeasePlace,
    disk: &dyn Disk,
    stack: &str,
    flow: &str,
) -> Result<Option<Vec<u8>>, Fault> {
    match open_place(place, stack, flow)? {
        Open::Registers(registers) => super::registers::saved(registers.as_ref(), flow),
        Open::Directory(place) => DirectoryElection::saved(disk, &place, flow),
    }
}

enum Open {
    Registers(Box<dyn Registers>),
    Directory(PathBuf),
}

fn open_place(place: &LeasePlace, stack: &str, flow: &str) -> Result<Open, Fault> {
    let with = |url: &str| {
        let mut options = Options::default();
        options.set("url", Setting::Text(url.to_owned()));
        options.set("timeout", Setting::Duration(STATEMENT));
        options
    };
    Ok(match place {
        LeasePlace::Nats { url, replicas } => {
            let client = format!("headwater {stack}/{flow} leases");
            let name = format!("headwater-{stack}");
            let bucket = Bucket::new(Address::of(&with(url)), &name, *replicas, &client)?;
            Open::Registers(Box::new(bucket))
        }
        LeasePlace::Postgres(url) => {
            Open::Registers(Box::new(RowRegisters::new(Line::of(&with(url))?, stack)))
        }
        LeasePlace::Directory(place) => Open::Directory(place.join(stack)),
    })
}
