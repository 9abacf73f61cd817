//! Data at full speed over connections that are cut again and again, where data has come so far and never by time.

mod brokers;
mod http;
mod rows;
mod streams;

use crate::proxy::Proxy;
use crate::support::{PATIENCE, Process};
use std::time::{Duration, Instant};

const CUTS: u64 = 20;

/// Does something else to the network each time that another part of `whole` has arrived.
#[track_caller]
fn cut_as_it_goes(proxy: &Proxy, process: &Process, whole: u64, arrived: &dyn Fn() -> u64) {
    for part in 1..=CUTS {
        reaches(process, part * whole / (CUTS + 1), arrived);
        match part % 4 {
            0 => proxy.halve_next_answer(),
            1 | 3 => proxy.drop_connections(),
            _ => {
                proxy.hold();
                proxy.drop_connections();
                proxy.release();
            }
        }
    }
    reaches(process, whole, arrived);
}

#[track_caller]
fn reaches(process: &Process, count: u64, arrived: &dyn Fn() -> u64) {
    let (mut last, mut since) = (arrived(), Instant::now());
    while last < count {
        std::thread::sleep(Duration::from_millis(2));
        let now = arrived();
        if now > last {
            (last, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "{now} of {count}\n{}", process.err.text());
    }
}
