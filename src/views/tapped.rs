//! The reading thread of a view of a flow: takes what the flow has just delivered, and never slows it.

use crate::core::time::now;
use crate::core::wait::Wait;
use crate::engine::{FlowMeter, Listener, State};
use crate::formats::json_lines;
use crate::views::message::{End, Following, Message, Queue, Standing, tell};
use crate::views::record::{Key, Record, Wanted};
use crate::views::table::{Plan, Table};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// The records that a view of a flow shows: the latest ones.
pub(super) const RECORDS: usize = 10_000;
/// Between two looks at what came, and how soon a flow is found that begins anew. What comes alone is seen at once.
const EVERY: Duration = Duration::from_millis(100);

/// How long a stack may take to start the flow before it is missed.
const START: Duration = Duration::from_secs(3);

/// Finds the flow as it runs now, all replicas of it.
pub type FindFlow = Arc<dyn Fn() -> Vec<Arc<FlowMeter>> + Send + Sync>;

pub(super) struct TapReader {
    pub name: String,
    pub find: FindFlow,
    pub wanted: Wanted,
    pub plan: Plan,
    pub queue: Queue,
    pub wait: Wait,
}

/// What is followed at present.
struct Followed {
    listeners: Vec<(Arc<FlowMeter>, Listener)>,
    /// Rung by the flows.
    bell: SyncSender<()>,
    keys: VecDeque<Key>,
    /// Every record is another one, whatever it holds.
    next: u64,
    missed: u64,
}

impl TapReader {
    pub(super) fn run(self) {
        let (bell, rung) = sync_channel(1);
        let mut followed =
            Followed { listeners: Vec::new(), bell, keys: VecDeque::new(), next: 0, missed: 0 };
        let mut standing = None;
        let table = Table::new(&self.wanted, &self.plan);
        if tell(&self.queue, Message::List(table, Following::Flow)).is_err() {
            return;
        }
        let begun = now();
        while !self.wait.is_stopped() {
            let before = followed.next;
            let Ok(now) = self.look(&mut followed) else { return };
            // The flow may be started after the view.
            let is_early = followed.listeners.is_empty() && begun.elapsed() < START;
            if standing.as_ref() != Some(&now) && !is_early {
                standing = Some(now.clone());
                if tell(&self.queue, Message::Standing(now)).is_err() {
                    return;
                }
            }
            if followed.next == before {
                // Without a ring it is time to look for flows.
                rung.recv_timeout(EVERY).unwrap_or_default();
            } else {
                self.wait.sleep(EVERY);
            }
        }
    }

    fn look(&self, followed: &mut Followed) -> Result<Standing, End> {
        let flows = (self.find)();
        followed.listeners.retain(|(known, _)| flows.iter().any(|flow| Arc::ptr_eq(flow, known)));
        for flow in &flows {
            if !followed.listeners.iter().any(|(known, _)| Arc::ptr_eq(flow, known)) {
                followed.listeners.push((Arc::clone(flow), flow.tap.listen(followed.bell.clone())));
            }
        }
        let before = followed.missed;
        let taken: Vec<_> =
            followed.listeners.iter().map(|(_, listener)| listener.take()).collect();
        for waiting in taken {
            followed.missed += waiting.missed;
            for block in &waiting.blocks {
                let (lines, _) = json_lines::of(block);
                for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    self.take(followed, line)?;
                }
            }
        }
        if followed.missed > before {
            tell(&self.queue, Message::Missed(followed.missed))?;
        }
        Ok(self.standing(&flows))
    }

    fn take(&self, followed: &mut Followed, line: &[u8]) -> Result<(), End> {
        let value: Value = serde_json::from_slice(line).unwrap_or_default();
        let key = self.wanted.place(followed.next);
        followed.next += 1;
        followed.keys.push_back(key);
        tell(&self.queue, Message::Put(key, Record::of(&value, &self.wanted)))?;
        if followed.keys.len() > RECORDS
            && let Some(oldest) = followed.keys.pop_front()
        {
            tell(&self.queue, Message::Gone(oldest))?;
        }
        Ok(())
    }

    fn standing(&self, flows: &[Arc<FlowMeter>]) -> Standing {
        let name = &self.name;
        if flows.is_empty() {
            return Standing::Trouble(format!("The flow `{name}` does not run in this process."));
        }
        let failed = flows.iter().find_map(|flow| match flow.state() {
            State::Failed(reason) => Some(format!("The flow `{name}` has failed: {reason}")),
            _ => None,
        });
        failed.map_or(Standing::Good(Following::Flow), Standing::Trouble)
    }
}
