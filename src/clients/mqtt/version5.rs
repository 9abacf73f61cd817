//! Packets of version 5, as the crate `rumqttc-v5-next` reads and writes them.

use super::frame::{length, malformed, split};
use super::settings::Settings;
use super::wire::{Connected, Outgoing, Packet, Quality, Refusal, Session, Stage, UNACKNOWLEDGED};
use bytes::{Bytes, BytesMut};
use rumqttc_v5 as five;
use rumqttc_v5::{ConnectAuth, ConnectReturnCode, QoS};
use std::fmt::Debug;

/// Messages under way to the broker, which may ask for fewer.
pub const UNDER_WAY: u16 = 1000;

/// What is asked for at the beginning of a connection.
pub fn connect(
    settings: &Settings,
    password: Option<String>,
    session: Session,
    out: &mut BytesMut,
) -> Result<(), five::mqttbytes::Error> {
    let kept = match session {
        Session::Kept(span) => u32::try_from(span.as_secs()).unwrap_or(u32::MAX),
        Session::Fresh => 0,
    };
    let mut properties = five::ConnectProperties::new();
    properties.session_expiry_interval = Some(kept);
    properties.receive_maximum = Some(UNACKNOWLEDGED);
    let connect = five::Connect {
        keep_alive: settings.keep_alive_seconds(),
        client_id: settings.client_id.clone(),
        clean_start: session == Session::Fresh,
        properties: Some(properties),
    };
    let will = settings.will.as_ref().map(|(topic, text)| {
        five::LastWill::new(topic.clone(), text.clone(), QoS::AtLeastOnce, true, None)
    });
    let password = password.map(Bytes::from);
    let auth = match (settings.username.clone(), password) {
        (Some(username), Some(password)) => ConnectAuth::UsernamePassword { username, password },
        (Some(username), None) => ConnectAuth::Username { username },
        (None, Some(password)) => ConnectAuth::Password { password },
        (None, None) => ConnectAuth::None,
    };
    connect.write(&will, &auth, out).map(drop)
}

pub fn subscribe(
    id: u16,
    filters: &[String],
    quality: Quality,
    out: &mut BytesMut,
) -> Result<(), five::mqttbytes::Error> {
    let filters =
        filters.iter().map(|it| five::SubscribeFilter::new(it.as_str(), qos(quality))).collect();
    five::Subscribe { pkid: id, filters, properties: None }.write(out).map(drop)
}

pub fn unsubscribe(
    id: u16,
    filters: &[String],
    out: &mut BytesMut,
) -> Result<(), five::mqttbytes::Error> {
    let filters = filters.to_vec();
    five::Unsubscribe { pkid: id, filters, properties: None }.write(out).map(drop)
}

pub fn publish(
    id: u16,
    message: &Outgoing,
    out: &mut BytesMut,
) -> Result<(), five::mqttbytes::Error> {
    let (topic, payload) = (message.topic.as_str(), message.payload.clone());
    let mut publish = five::Publish::new(topic, qos(message.quality), payload, None);
    (publish.pkid, publish.retain) = (id, message.is_retained);
    publish.write(out).map(drop)
}

/// Reads a whole packet that is no message.
pub fn read(packet: &[u8]) -> Result<Packet, String> {
    use five::Packet as Read;
    let mut bytes = match packet {
        // A goodbye may end behind its reason, which mosquitto makes use of and the crate does not know.
        [0xe0, 1, reason] => BytesMut::from(&[0xe0, 2, *reason, 0][..]),
        packet => BytesMut::from(packet),
    };
    let packet =
        Read::read(&mut bytes, None).map_err(|error| malformed(&format!("a packet ({error})")))?;
    Ok(match packet {
        Read::ConnAck(answer) => connected(answer),
        Read::SubAck(answer) => {
            let refusals = answer.return_codes.iter().map(|code| match code {
                five::SubscribeReasonCode::Success(_) => None,
                refused => Some(said(refused)),
            });
            Packet::Subscribed { id: answer.pkid, refusals: refusals.collect() }
        }
        Read::UnsubAck(answer) => Packet::Unsubscribed { id: answer.pkid },
        Read::PubAck(answer) => {
            let words = answer.properties.and_then(|all| all.reason_string);
            let refusal = refusal(answer.reason as u8, &answer.reason, words.as_deref());
            Packet::Answer { stage: Stage::Acknowledged, id: answer.pkid, refusal }
        }
        Read::PubRec(answer) => {
            let words = answer.properties.and_then(|all| all.reason_string);
            let refusal = refusal(answer.reason as u8, &answer.reason, words.as_deref());
            Packet::Answer { stage: Stage::Received, id: answer.pkid, refusal }
        }
        Read::PubComp(answer) => {
            Packet::Answer { stage: Stage::Completed, id: answer.pkid, refusal: None }
        }
        Read::PubRel(release) => Packet::Released { id: release.pkid },
        Read::PingResp => Packet::Pong,
        Read::Disconnect(goodbye) => {
            let words = goodbye.properties.and_then(|all| all.reason_string);
            Packet::Goodbye(words.unwrap_or_else(|| said(&goodbye.reason_code)))
        }
        other => return Err(format!("it sent what no broker sends: {:?}", other.packet_type())),
    })
}

/// The properties of a message, which are cut off from the rest; nearly always there are none.
#[inline]
pub fn user_properties(rest: &mut &[u8]) -> Result<Vec<(String, String)>, String> {
    if let Some((0, behind)) = rest.split_first() {
        *rest = behind;
        return Ok(Vec::new());
    }
    let wrong = || malformed("the properties of a message");
    let (bytes, length_bytes) = length(rest)?.ok_or_else(wrong)?;
    let mut section = Bytes::copy_from_slice(split(rest, length_bytes + bytes).ok_or_else(wrong)?);
    let properties = five::PublishProperties::read(&mut section).map_err(|_| wrong())?;
    if !section.is_empty() {
        return Err(wrong());
    }
    match properties {
        // None was offered.
        Some(all) if all.topic_alias.is_some() => Err(malformed("a topic (it is an alias)")),
        properties => Ok(properties.map(|all| all.user_properties).unwrap_or_default()),
    }
}

fn connected(answer: five::ConnAck) -> Packet {
    if answer.code != ConnectReturnCode::Success {
        let words = answer.properties.and_then(|all| all.reason_string);
        return Packet::Refused(refused(answer.code, words));
    }
    let said = answer.properties.as_ref();
    Packet::Connected(Connected {
        is_resumed: answer.session_present,
        packet_max: said.and_then(|all| all.max_packet_size),
        under_way_max: said.and_then(|all| all.receive_max),
        quality_max: said.and_then(|all| all.max_qos),
        keeps_retained: said.and_then(|all| all.retain_available) != Some(0),
        keep_alive: said.and_then(|all| all.server_keep_alive),
    })
}

fn refused(code: ConnectReturnCode, words: Option<String>) -> String {
    use ConnectReturnCode::{
        BadUserNamePassword, ClientIdentifierNotValid, NotAuthorized, UnsupportedProtocolVersion,
    };
    match code {
        BadUserNamePassword | NotAuthorized => {
            "it does not let us in: correct `username` and `password_file`, or the broker's list of users".into()
        }
        ClientIdentifierNotValid => {
            "it does not take the name of this client: give another `client_id`".into()
        }
        UnsupportedProtocolVersion => "it does not speak MQTT 5: set `version: 3.1.1`".into(),
        code => format!("it does not let us in: {}", words.unwrap_or_else(|| said(&code))),
    }
}

/// From here on a code says that something was not taken.
const REFUSED: u8 = 0x80;

/// Why a message was not taken. Some answers mean that it will never be, others that it may be later.
fn refusal(code: u8, name: &impl Debug, words: Option<&str>) -> Option<Refusal> {
    if code < REFUSED {
        return None;
    }
    let name = said(name);
    let reason = match words {
        Some(words) => format!("the broker refused it: {name} ({words})"),
        None => format!("the broker refused it: {name}"),
    };
    // Not authorized, no name for a topic, not what the payload was said to be.
    Some(Refusal { reason, is_final: matches!(code, 0x87 | 0x90 | 0x99) })
}

/// The name of a reason, as the protocol writes it.
fn said(code: &impl Debug) -> String {
    let mut words = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn qos(quality: Quality) -> QoS {
    match quality {
        Quality::AtMostOnce => QoS::AtMostOnce,
        Quality::AtLeastOnce => QoS::AtLeastOnce,
        Quality::ExactlyOnce => QoS::ExactlyOnce,
    }
}
