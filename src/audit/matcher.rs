//! Finds for every record of a target which of the expected ones it is. Mostly that is the one that is due;
//! else it is looked for nearby, and what is not there is put aside and looked for everywhere, many at once.

use super::bits::Bits;
use super::expected::{Expected, Plan};
use super::mark::Mark;
use super::tally::{Case, Place, Tally, Wrong};
use super::window::{REACH, Window};
use crate::core::fault::Fault;
use std::collections::HashMap;

/// Records that may be put aside before all of them are looked for: some 40 MB.
const STRAYS: usize = 1 << 19;

/// So many in a row that are not nearby mean that the target goes on elsewhere.
const RUN: usize = if cfg!(test) { 12 } else { 512 };

/// How far is looked ahead where any record may come next: all of them at once are cheaper.
const SHORT_REACH: u64 = 64;

/// Of how many strays the text is kept for an example.
const TEXTS: usize = 64;

/// How far behind the place where it stood a record is looked for that may have been there before it was damaged.
const NEARBY: u64 = 1024;

/// Records that nobody knows and that are kept until the end, when it is known what is missing around them.
const UNKNOWN: usize = 1 << 18;

/// What is audited now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A target that keeps the order of what it gets.
    Ordered,
    /// A target with an order of its own.
    Unordered,
    /// The flow's dead letters.
    DeadLetters,
}

/// A record of a target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'r> {
    pub mark: Mark,
    pub place: Place,
    pub text: &'r [u8],
}

/// A record that was put aside.
#[derive(Debug, Clone)]
struct Stray {
    mark: Mark,
    place: Place,
    /// Which record was due, and the highest that had come.
    due: u64,
    highest: Option<u64>,
    text: Option<Box<[u8]>>,
    /// Another stray with the same key.
    next: Option<u32>,
}

pub(super) struct Matcher<'a> {
    plan: &'a Plan,
    window: Window<'a>,
    due: u64,
    /// Behind a record that had come before: those behind it may come again too.
    echo: Option<u64>,
    of: Of,
    /// The highest number that has come in this target.
    highest: Option<u64>,
    /// What is accounted for.
    pub seen: Bits,
    pub tally: Tally,
    strays: Vec<Stray>,
    /// How many of them have a text.
    texts: usize,
    /// How many of the last strays came in a row, and how many it takes to look elsewhere.
    run: usize,
    patience: usize,
    unknown: Vec<Stray>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(plan: &'a Plan, examples: usize) -> Result<Self, Fault> {
        Ok(Self {
            plan,
            window: Window::at(plan, 0)?,
            due: 0,
            echo: None,
            of: Of::Ordered,
            highest: None,
            seen: Bits::default(),
            tally: Tally { examples, ..Tally::default() },
            strays: Vec::new(),
            texts: 0,
            run: 0,
            patience: RUN,
            unknown: Vec::new(),
        })
    }

    /// Begins with another target: its order is its own.
    pub(super) fn begin(&mut self, of: Of) -> Result<(), Fault> {
        self.resolve()?;
        (self.of, self.due, self.echo, self.highest, self.patience) = (of, 0, None, None, RUN);
        Ok(())
    }

    pub(super) fn place(&mut self, found: &Found) -> Result<(), Fault> {
        if self.of != Of::DeadLetters {
            self.tally.found += 1;
        }
        self.match_one(found)
    }

    fn match_one(&mut self, found: &Found) -> Result<(), Fault> {
        let due = self.window.mark(self.due)?;
        let number = match due {
            Some(mark) if mark.key == found.mark.key => Some(self.due),
            _ if self.is_echo(found.mark.key)? => self.echo,
            _ => self.nearby(found.mark.key)?,
        };
        let Some(number) = number else { return self.put_aside(found) };
        self.run = 0;
        self.accept(number, found, self.highest)?;
        if number >= self.due {
            (self.due, self.echo) = (number + 1, None);
        } else {
            self.echo = Some(number + 1);
        }
        Ok(())
    }

    fn is_echo(&mut self, key: u64) -> Result<bool, Fault> {
        let Some(echo) = self.echo.filter(|echo| *echo < self.due) else { return Ok(false) };
        Ok(self.window.mark(echo)?.is_some_and(|mark| mark.key == key))
    }

    /// One that did not come yet is likelier than one that comes again.
    fn nearby(&mut self, key: u64) -> Result<Option<u64>, Fault> {
        let reach = if self.of == Of::Unordered { SHORT_REACH } else { REACH };
        if let Some(number) = self.window.ahead(key, self.due, reach)? {
            return Ok(Some(number));
        }
        if self.of == Of::Unordered {
            return Ok(None);
        }
        let (window, seen) = (&self.window, &self.seen);
        let mut first = None;
        for number in window.behind(key, self.due) {
            if !seen.has(number) {
                return Ok(Some(number));
            }
            first = first.or(Some(number));
        }
        Ok(first)
    }

    fn accept(&mut self, number: u64, found: &Found, highest: Option<u64>) -> Result<(), Fault> {
        let case = |wrong| Case {
            wrong,
            number: Some(number),
            place: Some(found.place),
            found: Some(found.text.to_vec()),
        };
        let is_new = self.seen.insert(number);
        if self.of == Of::DeadLetters {
            self.tally.dead += u64::from(is_new);
            return Ok(());
        }
        if !is_new {
            self.tally.add(case(Wrong::Twice));
            return Ok(());
        }
        let expected = self.window.mark(number)?;
        if expected.is_some_and(|mark| mark.whole != found.mark.whole) {
            self.tally.add(case(Wrong::Damaged));
        }
        if highest.is_some_and(|highest| number < highest) {
            if self.of == Of::Ordered {
                self.tally.add(case(Wrong::OutOfOrder));
            }
        } else {
            self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
        }
        Ok(())
    }

    fn put_aside(&mut self, found: &Found) -> Result<(), Fault> {
        let text = (self.texts < TEXTS).then(|| found.text.into());
        self.texts += usize::from(text.is_some());
        let Found { mark, place, .. } = *found;
        let (due, highest) = (self.due, self.highest);
        self.strays.push(Stray { mark, place, due, highest, text, next: None });
        self.run += 1;
        if self.run >= self.patience && self.of != Of::DeadLetters {
            self.look_elsewhere()?;
        }
        if self.strays.len() >= STRAYS {
            self.resolve()?;
        }
        Ok(())
    }

    /// Many in a row that are not nearby: looks where the target goes on, forward first, then from the start.
    fn look_elsewhere(&mut self) -> Result<(), Fault> {
        let begin = self.strays.len() - self.run.min(RUN).min(self.strays.len());
        let last: Vec<Mark> = self.strays.iter().skip(begin).map(|stray| stray.mark).collect();
        let place = match goes_on_at(self.plan, &last, self.due, None)? {
            Some(place) => Some(place),
            None => goes_on_at(self.plan, &last, 0, Some(self.due))?,
        };
        let Some((number, at)) = place else {
            self.patience *= 2;
            return Ok(());
        };
        self.due = number;
        self.run = 0;
        for stray in self.strays.split_off(begin + at) {
            let text = stray.text.unwrap_or_default();
            self.match_one(&Found { mark: stray.mark, place: stray.place, text: &text })?;
        }
        Ok(())
    }

    /// Looks for all strays among all that is expected.
    fn resolve(&mut self) -> Result<(), Fault> {
        (self.run, self.texts) = (0, 0);
        if self.strays.is_empty() {
            return Ok(());
        }
        let mut strays = std::mem::take(&mut self.strays);
        let mut first: HashMap<u64, u32, foldhash::fast::FixedState> = HashMap::default();
        for index in (0..strays.len()).rev() {
            let Some(stray) = strays.get_mut(index) else { continue };
            stray.next = first.insert(stray.mark.key, index as u32);
        }
        let mut known: HashMap<u64, u64, foldhash::fast::FixedState> = HashMap::default();
        let mut expected = Expected::at(self.plan, 0)?;
        loop {
            let number = expected.number();
            let Some(mark) = expected.next()? else { break };
            let Some(index) = first.get(&mark.key).copied() else { continue };
            known.insert(mark.key, number);
            if self.seen.has(number) {
                continue;
            }
            let Some(stray) = strays.get(index as usize) else { continue };
            self.accept_stray(number, Some(mark), stray);
            match stray.next {
                Some(next) => first.insert(mark.key, next),
                None => first.remove(&mark.key),
            };
            if first.is_empty() {
                break;
            }
        }
        self.settle(&strays, &first, &known);
        Ok(())
    }

    /// What is left of the strays: they came before, or nobody knows them.
    fn settle(
        &mut self,
        strays: &[Stray],
        left: &HashMap<u64, u32, foldhash::fast::FixedState>,
        known: &HashMap<u64, u64, foldhash::fast::FixedState>,
    ) {
        let mut places: Vec<u32> = left.values().copied().collect();
        places.sort_unstable();
        for place in places {
            let mut next = Some(place);
            while let Some(stray) = next.and_then(|at| strays.get(at as usize)) {
                next = stray.next;
                if let Some(number) = known.get(&stray.mark.key) {
                    self.accept_stray(*number, None, stray);
                } else if self.of == Of::Ordered && self.unknown.len() < UNKNOWN {
                    self.unknown.push(Stray { next: None, ..stray.clone() });
                } else if self.of != Of::DeadLetters {
                    self.foreign(stray);
                }
            }
        }
    }

    fn accept_stray(&mut self, number: u64, expected: Option<Mark>, stray: &Stray) {
        let is_damaged = expected.is_some_and(|mark| mark.whole != stray.mark.whole);
        let case = |wrong| Case {
            wrong,
            number: Some(number),
            place: Some(stray.place),
            found: stray.text.as_deref().map(<[u8]>::to_vec),
        };
        let is_new = self.seen.insert(number);
        match self.of {
            Of::DeadLetters => self.tally.dead += u64::from(is_new),
            _ if !is_new => self.tally.add(case(Wrong::Twice)),
            of => {
                if is_damaged {
                    self.tally.add(case(Wrong::Damaged));
                }
                if of == Of::Ordered && stray.highest.is_some_and(|highest| number < highest) {
                    self.tally.add(case(Wrong::OutOfOrder));
                }
            }
        }
    }

    fn foreign(&mut self, stray: &Stray) {
        let found = stray.text.as_deref().map(<[u8]>::to_vec);
        let (wrong, place) = (Wrong::Foreign, Some(stray.place));
        self.tally.add(Case { wrong, number: None, place, found });
    }

    /// The end of all targets. What nobody knows and stands where a record is missing is that one, damaged.
    /// Answers how many records were expected in all.
    pub(super) fn finish(&mut self) -> Result<u64, Fault> {
        self.resolve()?;
        let bound = match self.window.bound() {
            Some(bound) => bound,
            None => Expected::at(self.plan, 0)?.bound()?,
        };
        for stray in std::mem::take(&mut self.unknown) {
            let near = stray.due..(stray.due + NEARBY).min(bound);
            let Some(number) = self.seen.gaps(near).next().map(|gap| gap.start) else {
                self.foreign(&stray);
                continue;
            };
            self.seen.insert(number);
            let found = stray.text.as_deref().map(<[u8]>::to_vec);
            let (number, place) = (Some(number), Some(stray.place));
            self.tally.add(Case { wrong: Wrong::Damaged, number, place, found });
        }
        Ok(bound)
    }
}

/// Where two of the marks that follow each other are expected one behind the other: the number of the first,
/// and which of the marks it is.
fn goes_on_at(
    plan: &Plan,
    marks: &[Mark],
    from: u64,
    to: Option<u64>,
) -> Result<Option<(u64, usize)>, Fault> {
    let at: HashMap<u64, usize> =
        marks.iter().enumerate().rev().map(|(at, mark)| (mark.key, at)).collect();
    let mut expected = Expected::at(plan, from)?;
    let mut wanted: Option<(Mark, u64, usize)> = None;
    loop {
        let number = expected.number();
        let Some(mark) = expected.next()? else { return Ok(None) };
        if let Some((next, number, at)) = wanted
            && next.key == mark.key
        {
            return Ok(Some((number, at)));
        }
        if to.is_some_and(|to| number > to) {
            return Ok(None);
        }
        let found = at.get(&mark.key).copied();
        wanted = found.and_then(|at| Some((*marks.get(at + 1)?, number, at)));
    }
}
