//! What happens to a Redis and to the way to it, as a seed says.

use crate::proxy::Proxy;
use crate::redis_server::{Redis, pause};
use headwater::testing::random::Random;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Mishap {
    Flush,
    Drop,
    Halve,
    Slow,
    Hold,
    Freeze,
    Cut,
    Kill,
}

const ALL: [Mishap; 8] = [
    Mishap::Flush,
    Mishap::Drop,
    Mishap::Halve,
    Mishap::Slow,
    Mishap::Hold,
    Mishap::Freeze,
    Mishap::Cut,
    Mishap::Kill,
];

/// Does something to Redis or the way to it, again and again, each thing once before any comes twice; between that,
/// Redis is used for a while. Answers how many things happened.
pub fn trouble(
    (redis, proxy): (&Redis, &Proxy),
    is_used: impl Fn() -> bool,
    seed: u64,
    has_ended: &AtomicBool,
) -> usize {
    let mut random = Random::new(seed);
    let mut waiting = Vec::new();
    for happened in 0.. {
        proxy.delay(Duration::ZERO);
        while !has_ended.load(SeqCst) && !is_used() {
            pause(Duration::from_millis(2));
        }
        pause(Duration::from_millis(random.below(400)));
        if has_ended.load(SeqCst) {
            return happened;
        }
        if waiting.is_empty() {
            waiting.extend(ALL);
        }
        let mishap = waiting.swap_remove(random.below(waiting.len() as u64) as usize);
        happen(mishap, redis, proxy, &mut random);
        pause(Duration::from_millis(random.below(60)));
    }
    unreachable!("it ends when it is told to")
}

fn happen(mishap: Mishap, redis: &Redis, proxy: &Proxy, random: &mut Random) {
    let span = Duration::from_millis(random.below(100));
    match mishap {
        Mishap::Flush => drop(redis.query::<redis::Value>(&["FLUSHALL"])),
        Mishap::Drop => proxy.drop_connections(),
        Mishap::Halve => proxy.halve_next_answer(),
        Mishap::Slow => proxy.delay(Duration::from_millis(random.below(30))),
        Mishap::Hold => {
            proxy.hold();
            pause(span);
            proxy.release();
        }
        Mishap::Freeze => {
            redis.freeze();
            pause(span);
            redis.thaw();
        }
        Mishap::Cut => {
            proxy.cut();
            pause(span);
            proxy.mend();
        }
        Mishap::Kill => {
            redis.kill();
            pause(span);
            redis.resume();
        }
    }
}
