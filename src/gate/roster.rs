//! Who gets the next request: the ready replica with the least under way, in turn among equals. Pure; the clock and
//! the network stand outside, so that whole lives can be simulated.

use crate::gate::health::{Thresholds, Trouble};
use crate::gate::limits::REPLICAS;
use crate::gate::member::{Member, MemberStatus};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the roster goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) thresholds: Thresholds,
    pub(crate) slow_start: Duration,
    pub(crate) in_flight: u32,
}

#[derive(Debug)]
pub(crate) struct Roster {
    rules: Rules,
    members: Vec<Member>,
    next_id: u64,
    turn: usize,
}

/// The replica that a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) id: u64,
    pub(crate) address: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Chosen(Chosen),
    /// Replicas are there, and all of them have as much as they may have.
    Full,
    Nobody,
}

/// What became of a request at its replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With how long it took until the answer began.
    Answered(Duration),
    /// Nothing listens there any more.
    Refused,
    /// The time for an answer is over.
    Silent,
    /// The connection ended, which says nothing of the next one.
    Broken,
}

impl Roster {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, members: Vec::new(), next_id: 0, turn: 0 }
    }

    /// These addresses are all there are. Answers those that are new.
    pub(crate) fn found(&mut self, addresses: &[SocketAddr]) -> Vec<Chosen> {
        for member in &mut self.members {
            member.is_leaving = !addresses.contains(&member.address);
        }
        self.members.retain(|member| !member.is_leaving || member.in_flight > 0);
        let mut new = Vec::new();
        for address in addresses {
            let is_known = self.members.iter().any(|member| member.address == *address);
            if !is_known && self.members.len() < REPLICAS {
                self.next_id += 1;
                self.members.push(Member::new(self.next_id, *address));
                new.push(Chosen { id: self.next_id, address: *address });
            }
        }
        new
    }

    /// Takes a place at the best replica that is not among `tried`, or at a tried one when there is no other.
    pub(crate) fn choose(&mut self, tried: &[u64], now: Instant) -> Choice {
        let ready = |member: &Member| member.is_ready();
        let fresh = |member: &Member| member.is_ready() && !tried.contains(&member.id);
        let last = |member: &Member| member.is_last_resort(now) && !tried.contains(&member.id);
        let mut is_full = false;
        let tiers: [&dyn Fn(&Member) -> bool; 3] = [&fresh, &ready, &last];
        for tier in tiers {
            is_full |= self.members.iter().any(|member| tier(member));
            if let Some(at) = self.least(tier, now) {
                self.turn = at + 1;
                let Some(member) = self.members.get_mut(at) else { break };
                member.in_flight += 1;
                member.counts.requests += 1;
                return Choice::Chosen(Chosen { id: member.id, address: member.address });
            }
            // Who is only busy is not passed over for one that may be dead.
            if is_full {
                break;
            }
        }
        if is_full { Choice::Full } else { Choice::Nobody }
    }

    fn least(&self, is_meant: &dyn Fn(&Member) -> bool, now: Instant) -> Option<usize> {
        let count = self.members.len();
        let in_turn = (0..count).map(|step| (self.turn + step) % count.max(1));
        let load = |at: &usize| {
            let member = self.members.get(*at)?;
            if !is_meant(member) || member.in_flight >= self.rules.in_flight {
                return None;
            }
            let weight = member.record.weight(self.rules.slow_start, now);
            Some((u64::from(member.in_flight) + 1) * 1000 / weight.max(1))
        };
        // The first of equals wins, and the turn moves on.
        in_turn.filter_map(|at| Some((load(&at)?, at))).min_by_key(|(load, _)| *load).map(|it| it.1)
    }

    /// Gives the place back.
    pub(crate) fn release(&mut self, id: u64) {
        if let Some(member) = self.member(id) {
            member.in_flight = member.in_flight.saturating_sub(1);
        }
        self.members.retain(|member| !member.is_leaving || member.in_flight > 0);
    }

    pub(crate) fn note(&mut self, id: u64, outcome: Outcome, now: Instant) {
        let Some(member) = self.member(id) else { return };
        member.counts.failures += u64::from(!matches!(outcome, Outcome::Answered(_)));
        match outcome {
            Outcome::Answered(time) => {
                member.counts.answered += 1;
                member.counts.time += time;
                member.record.request_answered();
            }
            Outcome::Refused => member.record.request_refused(),
            Outcome::Silent => member.record.request_silent(now),
            Outcome::Broken => {}
        }
    }

    /// Whether the replica is ready by this check and was not before.
    pub(crate) fn check_passed(&mut self, id: u64, now: Instant) -> bool {
        let thresholds = self.rules.thresholds;
        let Some(member) = self.member(id) else { return false };
        let was_ready = member.is_ready();
        member.record.check_passed(thresholds, now);
        !was_ready && member.is_ready()
    }

    /// Whether the replica is down by this check and was not before.
    pub(crate) fn check_failed(&mut self, id: u64, trouble: Trouble) -> bool {
        let thresholds = self.rules.thresholds;
        self.member(id).is_some_and(|member| member.record.check_failed(trouble, thresholds))
    }

    /// Are there others that are ready?
    pub(crate) fn is_another_ready(&self, id: u64) -> bool {
        self.members.iter().any(|member| member.id != id && member.is_ready())
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        self.members.iter().any(|member| member.id == id)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.members.iter().any(Member::is_ready)
    }

    pub(crate) fn status(&self) -> Vec<MemberStatus> {
        self.members.iter().map(Member::status).collect()
    }

    fn member(&mut self, id: u64) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }
}
