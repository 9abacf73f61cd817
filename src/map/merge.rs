//! Several processes of one stack as one map: each tells what it runs.

use crate::map::picture::{Alert, Now, Picture, Reading};
use crate::map::sample::Condition;

/// Adds what another process of the same stack runs. A node that both run has the replicas and the rates of both.
pub fn merge(mine: &mut Picture, other: &Picture) {
    for node in &mut mine.nodes {
        let Some(theirs) = other.node(&node.node.id).map(|theirs| &theirs.reading) else {
            continue;
        };
        if is_unknown(theirs) {
            continue;
        }
        if is_unknown(&node.reading) {
            node.reading = theirs.clone();
        } else {
            add(&mut node.reading, theirs);
        }
    }
    for scaling in &other.scaling {
        if mine.scaling.iter().all(|known| known.service != scaling.service) {
            mine.scaling.push(scaling.clone());
        }
    }
    for alert in &other.alerts {
        let is_it = |known: &&mut Alert| known.service == alert.service && known.when == alert.when;
        match mine.alerts.iter_mut().find(is_it) {
            Some(known) if known.state < alert.state => *known = alert.clone(),
            Some(_) => {}
            None => mine.alerts.push(alert.clone()),
        }
    }
}

fn is_unknown(reading: &Reading) -> bool {
    matches!(reading.condition, Condition::Elsewhere | Condition::Outside)
}

fn add(mine: &mut Reading, theirs: &Reading) {
    if rank(theirs.condition) > rank(mine.condition) {
        mine.condition = theirs.condition;
        mine.reason.clone_from(&theirs.reason);
        mine.waits = theirs.waits;
    }
    mine.replicas += theirs.replicas;
    mine.lanes.extend(theirs.lanes.iter().cloned());
    mine.addresses.extend(theirs.addresses.iter().cloned());
    mine.growth += theirs.growth;
    let (totals, more) = (&mut mine.totals, &theirs.totals);
    totals.taken += more.taken;
    totals.given += more.given;
    totals.errors += more.errors;
    totals.dead_letters += more.dead_letters;
    totals.refused += more.refused;
    match (&mut mine.cache, &theirs.cache) {
        (Some(cache), Some(more)) => cache.add(more),
        (none, more) => none.clone_from(more),
    }
    mine.now = together(&mine.now, &theirs.now);
    let shorter = mine.minute.len().min(theirs.minute.len());
    let skip = mine.minute.len() - shorter;
    let newest = theirs.minute.iter().skip(theirs.minute.len() - shorter);
    for (value, other) in mine.minute.iter_mut().skip(skip).zip(newest) {
        *value = sum(*value, *other);
    }
}

/// What is worse is shown.
pub fn rank(condition: Condition) -> u8 {
    match condition {
        Condition::Failed | Condition::Down => 5,
        Condition::Waiting => 4,
        Condition::Starting => 3,
        Condition::Running => 2,
        _ => 1,
    }
}

fn together(one: &Now, other: &Now) -> Now {
    let weights = (one.taken_per_second.unwrap_or(0.0), other.taken_per_second.unwrap_or(0.0));
    let mean = |one, other| mean(one, other, weights);
    Now {
        taken_per_second: sum(one.taken_per_second, other.taken_per_second),
        taken_bytes_per_second: sum(one.taken_bytes_per_second, other.taken_bytes_per_second),
        given_per_second: sum(one.given_per_second, other.given_per_second),
        given_bytes_per_second: sum(one.given_bytes_per_second, other.given_bytes_per_second),
        errors_per_second: sum(one.errors_per_second, other.errors_per_second),
        waiting: sum(one.waiting, other.waiting),
        oldest_seconds: most(one.oldest_seconds, other.oldest_seconds),
        reading: most(one.reading, other.reading),
        stepping: most(one.stepping, other.stepping),
        writing: most(one.writing, other.writing),
        latency_seconds: mean(one.latency_seconds, other.latency_seconds),
        latency_p99_seconds: most(one.latency_p99_seconds, other.latency_p99_seconds),
        hit_ratio: mean(one.hit_ratio, other.hit_ratio),
        hit_latency_seconds: mean(one.hit_latency_seconds, other.hit_latency_seconds),
        miss_latency_seconds: mean(one.miss_latency_seconds, other.miss_latency_seconds),
    }
}

fn sum(one: Option<f32>, other: Option<f32>) -> Option<f32> {
    one.zip(other).map(|(one, other)| one + other).or(one).or(other)
}

fn most(one: Option<f32>, other: Option<f32>) -> Option<f32> {
    one.zip(other).map(|(one, other)| one.max(other)).or(one).or(other)
}

/// By how much each of them does.
fn mean(one: Option<f32>, other: Option<f32>, (mine, theirs): (f32, f32)) -> Option<f32> {
    let weighed = |(one, other): (f32, f32)| {
        let all = mine + theirs;
        if all > 0.0 { (one * mine + other * theirs) / all } else { f32::midpoint(one, other) }
    };
    one.zip(other).map(weighed).or(one).or(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tests::picture_of;

    #[test]
    fn what_only_the_other_runs_is_taken_over_and_what_both_run_is_added() {
        let whole = picture_of("cached-users");
        let mut mine = whole.clone();
        mine.nodes[0].reading = Reading::unknown(mine.nodes[0].node.kind);
        let mut theirs = whole.clone();
        theirs.nodes[1].reading.condition = Condition::Waiting;
        theirs.nodes[1].reading.reason = Some("no room".to_owned());
        merge(&mut mine, &theirs);
        assert_eq!(mine.nodes[0].reading, whole.nodes[0].reading);
        let both = &mine.nodes[1].reading;
        let one = &whole.nodes[1].reading;
        assert_eq!((both.replicas, both.totals.taken), (2, one.totals.taken * 2));
        assert_eq!(both.now.taken_per_second, one.now.taken_per_second.map(|rate| rate * 2.0));
        assert_eq!(both.now.oldest_seconds, one.now.oldest_seconds, "the older one, not the sum");
        assert_eq!(both.now.hit_ratio, one.now.hit_ratio);
        assert_eq!(both.reason.as_deref(), Some("no room"), "what is worse is shown");
    }

    #[test]
    fn a_process_that_runs_nothing_of_it_changes_nothing() {
        let whole = picture_of("users");
        let mut empty = whole.clone();
        for node in &mut empty.nodes {
            node.reading = Reading::unknown(node.node.kind);
        }
        let mut mine = whole.clone();
        merge(&mut mine, &empty);
        assert_eq!(mine, whole);
    }
}
