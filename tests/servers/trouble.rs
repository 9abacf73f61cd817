//! What happens to a Redis and to the way to it, as a seed says.

use crate::proxy::Proxy;
use crate::redis_server::{Redis, pause};
use headwater::testing::random::Random;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Does something to Redis or the way to it, again and again; between that, Redis is used for a while.
pub fn trouble(
    (redis, proxy): (&Redis, &Proxy),
    is_used: impl Fn() -> bool,
    seed: u64,
    has_ended: &AtomicBool,
) {
    let mut random = Random::new(seed);
    while !has_ended.load(SeqCst) {
        proxy.delay(Duration::ZERO);
        while !has_ended.load(SeqCst) && !is_used() {
            pause(Duration::from_millis(2));
        }
        pause(Duration::from_millis(random.below(400)));
        let span = Duration::from_millis(random.below(100));
        match random.below(8) {
            0 => drop(redis.query::<redis::Value>(&["FLUSHALL"])),
            1 => proxy.drop_connections(),
            2 => proxy.halve_next_answer(),
            3 => proxy.delay(Duration::from_millis(random.below(30))),
            4 => {
                proxy.hold();
                pause(span);
                proxy.release();
            }
            5 => {
                redis.freeze();
                pause(span);
                redis.thaw();
            }
            6 => {
                proxy.cut();
                pause(span);
                proxy.mend();
            }
            _ => {
                redis.kill();
                pause(span);
                redis.resume();
            }
        }
        pause(Duration::from_millis(random.below(60)));
    }
}
