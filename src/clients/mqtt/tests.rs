//! A connection beside a broker that says what the test wants, in whatever pieces.

use super::line::Line;
use super::settings::Version;
use super::wire::{Incoming, Quality, completion};
use crate::clients::race::both;
use proptest::prelude::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

type Change = fn(&mut Vec<u8>);

const VERSIONS: [Version; 2] = [Version::Four, Version::Five];
const PIPE_BYTES: usize = 4096;
const PATIENT: Duration = Duration::from_hours(1);

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// A connection, and the broker's end of it.
fn line(version: Version, keep_alive: Duration) -> (Line, DuplexStream) {
    let (near, far) = duplex(PIPE_BYTES);
    (block_on(async { Line::over(Box::new(near), version, keep_alive) }), far)
}

/// A PUBLISH as a broker writes it.
fn publish(version: Version, id: u16, quality: u8, payload: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 3];
    body.extend_from_slice(b"a/b");
    if quality > 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    if version == Version::Five {
        body.extend_from_slice(&[0]);
    }
    body.extend_from_slice(payload);
    let mut packet = vec![0x30 | (quality << 1)];
    let mut rest = body.len();
    while rest > 0x7f {
        packet.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    packet.push(rest as u8);
    packet.extend_from_slice(&body);
    packet
}

/// What came, until the other end closes or says what it must not.
async fn read_all(line: &mut Line) -> (Vec<String>, String) {
    let mut seen = Vec::new();
    loop {
        loop {
            match line.next() {
                Ok(Some(Incoming::Message(it))) => {
                    seen.push(format!(
                        "{} {:?} {} {}",
                        it.topic,
                        it.quality,
                        it.id,
                        it.payload.len()
                    ));
                }
                Ok(Some(Incoming::Packet(packet))) => seen.push(format!("{packet:?}")),
                Ok(None) => break,
                Err(reason) => return (seen, reason),
            }
        }
        if let Err(reason) = line.turn(true).await {
            return (seen, reason);
        }
    }
}

/// Writes in pieces whose lengths come round again and again, and closes.
async fn dribble(mut far: DuplexStream, bytes: &[u8], pieces: &[usize]) {
    let mut rest = bytes;
    for piece in pieces.iter().cycle() {
        let (now, later) = rest.split_at(rest.len().min(*piece));
        if far.write_all(now).await.is_err() || later.is_empty() {
            return;
        }
        tokio::task::yield_now().await;
        rest = later;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packets_are_the_same_in_whatever_pieces_they_come(
        messages in prop::collection::vec((1..u16::MAX, 0_u8..3, 0_usize..20_000), 1..12),
        pieces in prop::collection::vec(1_usize..3000, 1..8),
    ) {
        for version in VERSIONS {
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            for (id, quality, length) in &messages {
                bytes.extend(publish(version, *id, *quality, &vec![b'7'; *length]));
                bytes.extend([0xd0, 0]);
                let id = if *quality == 0 { 0 } else { *id };
                expected.push(format!("a/b {:?} {id} {length}", Quality::of(u64::from(*quality))));
                expected.push("Pong".to_owned());
            }
            let (mut line, far) = line(version, PATIENT);
            let ((), (seen, reason)) =
                block_on(both(dribble(far, &bytes, &pieces), read_all(&mut line)));
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(reason, "it closed the connection");
        }
    }

    #[test]
    fn whatever_a_broker_sends_ends_the_connection_at_most(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        kind in prop::sample::select(vec![0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xe0, 0xf0]),
        length in 0_u8..100,
        pieces in prop::collection::vec(1_usize..50, 1..4),
    ) {
        bytes.splice(0..0, [kind, length]);
        for version in VERSIONS {
            let (mut line, far) = line(version, PATIENT);
            let ((), (_, reason)) =
                block_on(both(dribble(far, &bytes, &pieces), read_all(&mut line)));
            prop_assert!(!reason.is_empty());
        }
    }

    #[test]
    fn a_good_packet_with_one_wrong_byte_ends_the_connection_at_most(
        place in 0_usize..40,
        byte in any::<u8>(),
    ) {
        // CONNACK with properties, SUBACK, PUBACK with a reason, a message with properties, DISCONNECT.
        let mut bytes = vec![0x20, 6, 0, 0, 3, 0x21, 0, 20];
        bytes.extend([0x90, 4, 0, 1, 0, 1, 0x40, 4, 0, 7, 0x87, 0]);
        bytes.extend([0x32, 15, 0, 1, b'a', 0, 9, 7, 0x26, 0, 1, b'k', 0, 1, b'v', b'{', b'}']);
        bytes.extend([0xe0, 2, 0x8b, 0]);
        bytes[place] = byte;
        let (mut line, far) = line(Version::Five, PATIENT);
        let ((), (seen, reason)) = block_on(both(dribble(far, &bytes, &[7]), read_all(&mut line)));
        prop_assert!(seen.len() <= 20 && !reason.is_empty());
    }
}

#[test]
fn what_must_not_come_is_told() {
    let message = |version, change: Change| {
        let mut packet = publish(version, 7, 1, b"{}");
        change(&mut packet);
        packet
    };
    let of_both: [(&str, Change); 6] = [
        ("a length is malformed", |it| it.splice(1..2, [0xff, 0xff, 0xff, 0xff]).for_each(drop)),
        ("a topic is malformed", |it| it[4] = b'#'),
        ("a topic is malformed", |it| it[4] = 0xff),
        ("a message is malformed", |it| it[3] = 200),
        ("a message is malformed", |it| it[8] = 0),
        ("a message is malformed", |it| it[0] |= 0b110),
    ];
    for version in VERSIONS {
        for (expected, change) in of_both {
            let (mut line, far) = line(version, PATIENT);
            let bytes = message(version, change);
            let ((), (_, reason)) =
                block_on(both(dribble(far, &bytes, &[64]), read_all(&mut line)));
            assert!(reason.contains(expected), "{reason} instead of {expected}");
        }
    }
    let alias = [0x30, 9, 0, 1, b'a', 3, 0x23, 0, 1, b'{', b'}'];
    let goodbye = [0xe0, 1, 0x8b];
    for (bytes, expected) in
        [(&alias[..], "it is an alias"), (&goodbye[..], "server shutting down")]
    {
        let (mut line, far) = line(Version::Five, PATIENT);
        let ((), (_, reason)) = block_on(both(dribble(far, bytes, &[64]), read_all(&mut line)));
        assert!(reason.contains(expected), "{reason} instead of {expected}");
    }
}

#[test]
fn properties_of_a_message_are_found_and_its_payload_begins_behind_them() {
    let mut bytes = vec![0x33, 19, 0, 1, b'a', 0, 9, 11];
    bytes.extend([0x26, 0, 1, b'k', 0, 1, b'v', 0x02, 0, 0, 0]);
    bytes.extend([b'{', b'}']);
    bytes[1] = bytes.len() as u8 - 2;
    // A property that ends beyond the others is not one.
    let (mut line, far) = line(Version::Five, PATIENT);
    let ((), (_, reason)) = block_on(both(dribble(far, &bytes, &[64]), read_all(&mut line)));
    assert!(reason.contains("properties"), "{reason}");
    let bytes = [0x33, 15, 0, 1, b'a', 0, 9, 7, 0x26, 0, 1, b'k', 0, 1, b'v', b'{', b'}'];
    let (mut line, mut far) = self::line(Version::Five, PATIENT);
    block_on(async {
        far.write_all(&bytes).await.unwrap();
        line.turn(true).await.unwrap();
    });
    let Ok(Some(Incoming::Message(message))) = line.next() else { panic!("no message") };
    assert_eq!(message.properties, [("k".to_owned(), "v".to_owned())]);
    assert_eq!((message.payload, message.id, message.is_retained), (&b"{}"[..], 9, true));
    assert_eq!(message.acknowledgement(), Some([0x40, 2, 0, 9]));
}

#[test]
fn what_waits_is_sent_while_nothing_is_read() {
    let (mut line, mut far) = line(Version::Five, PATIENT);
    line.output.extend_from_slice(&[7; 3 * PIPE_BYTES]);
    let mut received = vec![0; 3 * PIPE_BYTES];
    block_on(async {
        let sends = async {
            while !line.output.is_empty() {
                line.turn(false).await.unwrap();
            }
        };
        both(sends, far.read_exact(&mut received)).await.1.unwrap();
    });
    assert!(received.iter().all(|byte| *byte == 7));
}

#[test]
fn a_broker_that_says_nothing_to_a_ping_is_given_up() {
    let (mut line, mut far) = line(Version::Four, Duration::from_millis(1));
    block_on(async {
        let (_, reason) = read_all(&mut line).await;
        assert_eq!(reason, "no answer in time");
        drop(line);
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        // On a machine that is busy the next beat may come before the ping has left.
        assert!([0xc0, 0].starts_with(&received), "{received:?}");
    });
}

#[test]
fn a_goodbye_comes_last_and_waits_until_it_was_heard() {
    let (mut line, mut far) = line(Version::Five, PATIENT);
    line.output.extend_from_slice(&completion(7));
    let hears = async {
        far.write_all(&[0xd0, 0]).await.unwrap();
        let mut received = [0; 6];
        far.read_exact(&mut received).await.unwrap();
        drop(far);
        received
    };
    let received = block_on(both(line.leave(PATIENT), hears)).1;
    assert_eq!(received, [0x70, 2, 0, 7, 0xe0, 0]);
}
