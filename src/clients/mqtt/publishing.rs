//! Messages that are under way to a broker over one connection, and what became of each. Pure: it writes packets and
//! is told of packets.

use super::line::{Line, WAITING_BYTES};
use super::settings::Version;
use super::wire::{
    Connected, LOST, Outgoing, Packet, Quality, Refusal, Sent, Stage, UNASKED, release,
};
use super::{version4, version5};
use std::collections::{HashMap, VecDeque};

/// What the broker of this connection takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    under_way: usize,
    quality: u8,
    keeps_retained: bool,
}

impl Limits {
    pub fn of(version: Version, connected: &Connected) -> Self {
        let ours = match version {
            Version::Four => version4::UNDER_WAY,
            Version::Five => version5::UNDER_WAY,
        };
        Self {
            under_way: connected.under_way_max.map_or(ours, |theirs| theirs.min(ours)).into(),
            quality: connected.quality_max.unwrap_or(2),
            keeps_retained: connected.keeps_retained,
        }
    }
}

/// One list of messages, from the first byte to the last answer.
#[derive(Debug, Default)]
pub struct Publishing {
    /// With their places in the list.
    waiting: VecDeque<(usize, Outgoing)>,
    under_way: HashMap<u16, UnderWay>,
    /// Places of messages without an answer, which are sent when nothing waits for the connection any more.
    unanswered: Vec<usize>,
    answers: Vec<Option<Sent>>,
    last_id: u16,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    place: usize,
    /// What is waited for.
    stage: Stage,
}

impl Publishing {
    pub fn begin(&mut self, messages: Vec<Outgoing>) {
        self.answers = vec![None; messages.len()];
        self.waiting = messages.into_iter().enumerate().collect();
    }

    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty() && self.unanswered.is_empty()
    }

    /// What became of each, once all is known.
    pub fn answers(&mut self) -> Option<Vec<Sent>> {
        (self.is_idle() && !self.answers.is_empty()).then(|| self.give_up(LOST))
    }

    /// What became of each, as far as it is known.
    pub fn give_up(&mut self, reason: &str) -> Vec<Sent> {
        let unknown = || Sent::Unknown(reason.to_owned());
        let answers = std::mem::take(self).answers.into_iter();
        answers.map(|answer| answer.unwrap_or_else(unknown)).collect()
    }

    /// Writes as many as the broker and the connection take.
    pub fn write(&mut self, line: &mut Line, limits: Limits) {
        if line.output.is_empty() {
            for place in self.unanswered.drain(..) {
                settle(&mut self.answers, place, Sent::Acknowledged);
            }
        }
        while self.under_way.len() < limits.under_way && line.output.len() < WAITING_BYTES {
            let Some((place, message)) = self.waiting.pop_front() else { return };
            if let Err(sent) = self.write_one(line, limits, place, &message) {
                settle(&mut self.answers, place, sent);
            }
        }
    }

    fn write_one(
        &mut self,
        line: &mut Line,
        limits: Limits,
        place: usize,
        message: &Outgoing,
    ) -> Result<(), Sent> {
        if message.is_retained && !limits.keeps_retained {
            return Err(Sent::Refused(
                "the broker keeps no messages: `retain` is not for it".into(),
            ));
        }
        if message.quality as u8 > limits.quality {
            let most = limits.quality;
            return Err(Sent::Unknown(format!("it takes quality {most} at most: lower `qos`")));
        }
        let stage = match message.quality {
            Quality::AtMostOnce => None,
            Quality::AtLeastOnce => Some(Stage::Acknowledged),
            Quality::ExactlyOnce => Some(Stage::Received),
        };
        let id = if stage.is_some() { self.free_id() } else { 0 };
        line.publish(id, message).map_err(Sent::Refused)?;
        match stage {
            Some(stage) => drop(self.under_way.insert(id, UnderWay { place, stage })),
            None => self.unanswered.push(place),
        }
        Ok(())
    }

    /// There is one: fewer are under way than there are numbers.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.under_way.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Hears what the broker says.
    pub fn handle(&mut self, packet: Packet, line: &mut Line) -> Result<(), String> {
        let (id, stage, refusal) = match packet {
            Packet::Answer { id, stage, refusal } => (id, stage, refusal),
            Packet::Pong => return Ok(()),
            other => return Err(format!("{UNASKED}: {other:?}")),
        };
        let waits = self.under_way.get_mut(&id).filter(|waits| waits.stage == stage);
        let Some(waits) = waits else {
            return Err(format!("{UNASKED}: {stage:?} of {id}"));
        };
        if stage == Stage::Received && refusal.is_none() {
            waits.stage = Stage::Completed;
            line.output.extend_from_slice(&release(id));
            return Ok(());
        }
        let place = waits.place;
        self.under_way.remove(&id);
        settle(&mut self.answers, place, refusal.map_or(Sent::Acknowledged, sent));
        Ok(())
    }
}

fn settle(answers: &mut [Option<Sent>], place: usize, sent: Sent) {
    if let Some(answer) = answers.get_mut(place) {
        *answer = Some(sent);
    }
}

fn sent(refusal: Refusal) -> Sent {
    if refusal.is_final { Sent::Refused(refusal.reason) } else { Sent::Unknown(refusal.reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::duplex;
    use tokio::runtime::Builder;

    const LIMITS: Limits = Limits { under_way: 3, quality: 2, keeps_retained: true };

    /// A connection on which nobody listens: only what is to be sent counts.
    fn with_line(test: impl FnOnce(&mut Line)) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (near, _far) = duplex(1);
            test(&mut Line::over(Box::new(near), Version::Five, Duration::from_hours(1)));
        });
    }

    fn messages(count: usize, quality: Quality) -> Vec<Outgoing> {
        let message =
            Outgoing { topic: "a".into(), payload: "{}".into(), quality, is_retained: false };
        vec![message; count]
    }

    fn answer(stage: Stage, id: u16, refusal: Option<Refusal>) -> Packet {
        Packet::Answer { stage, id, refusal }
    }

    fn refusal(is_final: bool) -> Refusal {
        Refusal { reason: "no".into(), is_final }
    }

    #[test]
    fn no_more_are_under_way_than_the_broker_takes_and_each_gets_its_own_answer() {
        with_line(|line| {
            let mut publishing = Publishing::default();
            publishing.begin(messages(5, Quality::AtLeastOnce));
            publishing.write(line, LIMITS);
            assert_eq!(publishing.under_way.len(), 3);
            let refusals = [(2, Some(refusal(true))), (1, None), (3, Some(refusal(false)))];
            for (id, refusal) in refusals {
                publishing.handle(answer(Stage::Acknowledged, id, refusal), line).unwrap();
            }
            assert_eq!(publishing.answers(), None);
            publishing.write(line, LIMITS);
            for id in [4, 5] {
                publishing.handle(answer(Stage::Acknowledged, id, None), line).unwrap();
            }
            let (yes, no) = (Sent::Acknowledged, Sent::Refused("no".into()));
            let later = Sent::Unknown("no".into());
            assert_eq!(publishing.answers().unwrap(), [yes.clone(), no, later, yes.clone(), yes]);
            assert!(publishing.is_idle() && publishing.answers().is_none());
        });
    }

    #[test]
    fn quality_2_is_released_once_it_was_received_and_done_when_that_is_completed() {
        with_line(|line| {
            let mut publishing = Publishing::default();
            publishing.begin(messages(2, Quality::ExactlyOnce));
            publishing.write(line, LIMITS);
            line.output.clear();
            publishing.handle(answer(Stage::Received, 1, None), line).unwrap();
            assert_eq!(line.output, [0x62, 2, 0, 1][..]);
            publishing.handle(answer(Stage::Received, 2, Some(refusal(true))), line).unwrap();
            assert_eq!(publishing.answers(), None);
            publishing.handle(answer(Stage::Completed, 1, None), line).unwrap();
            let answers = publishing.answers().unwrap();
            assert_eq!(answers, [Sent::Acknowledged, Sent::Refused("no".into())]);
        });
    }

    #[test]
    fn quality_0_is_done_when_it_was_sent() {
        with_line(|line| {
            let mut publishing = Publishing::default();
            publishing.begin(messages(2, Quality::AtMostOnce));
            publishing.write(line, LIMITS);
            assert_eq!(publishing.answers(), None);
            line.output.clear();
            publishing.write(line, LIMITS);
            assert_eq!(publishing.answers().unwrap(), [Sent::Acknowledged, Sent::Acknowledged]);
        });
    }

    #[test]
    fn an_answer_that_belongs_to_nothing_ends_the_connection() {
        for packet in [
            answer(Stage::Acknowledged, 2, None),
            answer(Stage::Received, 1, None),
            answer(Stage::Completed, 1, None),
            Packet::Released { id: 1 },
            Packet::Subscribed { id: 1, refusals: vec![None] },
        ] {
            with_line(|line| {
                let mut publishing = Publishing::default();
                publishing.begin(messages(1, Quality::AtLeastOnce));
                publishing.write(line, LIMITS);
                let told = publishing.handle(packet, line).unwrap_err();
                assert!(told.contains(UNASKED), "{told}");
                assert_eq!(publishing.give_up("gone"), [Sent::Unknown("gone".into())]);
            });
        }
    }

    #[test]
    fn what_this_broker_does_not_take_is_not_sent() {
        with_line(|line| {
            let mut publishing = Publishing::default();
            let mut all = messages(2, Quality::ExactlyOnce);
            all[0].is_retained = true;
            publishing.begin(all);
            publishing.write(line, Limits { quality: 1, keeps_retained: false, ..LIMITS });
            assert!(line.output.is_empty());
            let answers = publishing.answers().unwrap();
            assert!(matches!(&answers[0], Sent::Refused(reason) if reason.contains("retain")));
            assert!(matches!(&answers[1], Sent::Unknown(reason) if reason.contains("lower `qos`")));
        });
    }
}
