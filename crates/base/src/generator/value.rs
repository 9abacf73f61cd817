//! One value type with its parameters: what a parsed line becomes, and how it is written.

use super::business::{self, BusinessPart};
use super::choice::{Boolean, Choice};
use super::distribution::Distribution;
use super::identifier::{Unique, write_ulid, write_uuid};
use super::instant::{Clock, Time};
use super::internet::{self, InternetPart};
use super::literal::Literal;
use super::number::{Float, Integer, Sequence};
use super::pattern::Pattern;
use super::person::{self, Locales, PersonPart};
use super::place::{self, PlacePart};
use super::random::Draws;
use super::schema::Object;
use super::text::Text;
use super::walk::Walk;
use super::wave::Wave;

/// Which record is being written, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// From seed and stream.
    pub(super) key: u64,
    pub(super) index: u64,
    pub(super) origin_ms: i64,
    /// Whether texts are escaped for JSON.
    pub(super) escaped: bool,
}

/// A field of a group: the parts of one person or one place.
#[derive(Debug)]
pub(super) struct Member<Part> {
    pub(super) part: Part,
    /// The hash of the group; its fields have it in common.
    pub(super) salt: u64,
    pub(super) locales: Locales,
    pub(super) locale_given: bool,
}

#[derive(Debug)]
pub(super) enum Value {
    Boolean(Boolean),
    Business(BusinessPart, Locales),
    Choice(Choice),
    Constant { literal: Literal, bare: bool },
    Distribution(Distribution),
    Float(Float),
    Integer(Integer),
    Internet(InternetPart, Locales),
    Latitude,
    Longitude,
    Object(Object),
    Pattern(Pattern),
    Person(Member<PersonPart>),
    Place(Member<PlacePart>),
    Sequence(Sequence),
    Text(Text),
    Time(Time),
    Ulid(Clock),
    Unique(Unique),
    Uuid,
    Walk(Walk),
    Wave(Wave),
}

impl Value {
    /// Whether the value stands between quotes in JSON.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Self::Choice(choice) => choice.is_text(),
            Self::Constant { bare, .. } => !bare,
            Self::Time(time) => time.is_text(),
            Self::Boolean(_)
            | Self::Distribution(_)
            | Self::Float(_)
            | Self::Integer(_)
            | Self::Latitude
            | Self::Longitude
            | Self::Object(_)
            | Self::Sequence(_)
            | Self::Unique(_)
            | Self::Walk(_)
            | Self::Wave(_) => false,
            _ => true,
        }
    }

    /// Writes the value without quotes; `salt` is the hash of the field's path.
    pub(super) fn write(&self, cell: &Cell, salt: u64, out: &mut Vec<u8>) {
        let (key, index) = (cell.key ^ salt, cell.index);
        let mut draws = Draws::new(key, index);
        match self {
            Self::Boolean(boolean) => boolean.write(draws.bits(), out),
            Self::Business(part, locales) => business::write(*part, locales, (key, index), out),
            Self::Choice(choice) => choice.write(&mut draws, cell.escaped, out),
            Self::Constant { literal, .. } => literal.write(cell.escaped, out),
            Self::Distribution(distribution) => distribution.write(&mut draws, out),
            Self::Float(float) => float.write(&mut draws, out),
            Self::Integer(integer) => integer.write(&mut draws, out),
            Self::Internet(part, locales) => {
                internet::write(*part, locales.of(key, index), &mut draws, out);
            }
            Self::Latitude => internet::write_latitude(&mut draws, out),
            Self::Longitude => internet::write_longitude(&mut draws, out),
            Self::Object(object) => object.write_json(cell, out),
            Self::Pattern(pattern) => pattern.write(&mut draws, cell.escaped, out),
            Self::Person(member) => {
                let key = (cell.key ^ member.salt, index);
                person::write(member.part, &member.locales, key, out);
            }
            Self::Place(member) => {
                let key = (cell.key ^ member.salt, index);
                place::write(member.part, &member.locales, key, out);
            }
            Self::Sequence(sequence) => sequence.write(index, out),
            Self::Text(text) => text.write(&mut draws, out),
            Self::Time(time) => time.write(key, index, cell.origin_ms, out),
            Self::Ulid(clock) => write_ulid(key, index, clock.at(index, cell.origin_ms, 0), out),
            Self::Unique(unique) => unique.write(key, index, out),
            Self::Uuid => write_uuid(key, index, out),
            Self::Walk(walk) => walk.write(key, index, out),
            Self::Wave(wave) => wave.write(key, index, out),
        }
    }
}
