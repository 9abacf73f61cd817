//! Whatever bytes come: the right answers in order, or a refusal, and never a panic.

use std::io::Write;
use std::mem::MaybeUninit;

use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{Client, get, post, post_text, routes, start};
use crate::server::Limits;
use crate::server::chunked::ChunkedDecoder;
use crate::server::head::{Ends, HeaderSpace, parse};
use crate::server::limits::MAX_HEADER_COUNT;

fn chunked(body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let (mut out, mut rest, mut sizes) = (Vec::new(), body, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, left) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        out.extend_from_slice(format!("{:X};e=1\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
        rest = left;
    }
    out.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
    out
}

/// A request and the body of its answer.
fn request() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        Just((get("/"), "hello".to_owned())),
        "[a-z0-9]{1,40}".prop_map(|name| (get(&format!("/users/{name}")), format!("user {name}"))),
        "[ -~]{0,300}".prop_map(|body| (post_text(&body), body)),
        ("[ -~]{0,300}", vec(1..50_usize, 1..4)).prop_map(|(body, sizes)| {
            let coded = String::from_utf8(chunked(body.as_bytes(), &sizes)).unwrap();
            (post("Transfer-Encoding: chunked\r\n", &coded), body)
        }),
    ]
}

fn parse_any(bytes: &[u8]) {
    let mut space: HeaderSpace<'_> = [const { MaybeUninit::uninit() }; MAX_HEADER_COUNT];
    let address = "127.0.0.1:1".parse().unwrap();
    let ends = Ends { peer: address, local: address };
    drop(parse(bytes, &mut space, &Limits::default(), ends));
}

#[test]
fn reads_a_chunk_that_is_longer_than_a_word_of_a_small_machine() {
    let (mut decoder, mut out) = (ChunkedDecoder::new(), Vec::new());
    let input = b"100000000\r\nbegun";
    assert_eq!(decoder.decode(input, 100, &mut out), Ok(input.len()));
    assert_eq!(out, b"begun");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decodes_chunks_however_they_are_cut(
        body in vec(any::<u8>(), 0..2000),
        sizes in vec(1..300_usize, 1..5),
        cuts in vec(1..100_usize, 1..8),
        room in 1..500_usize,
    ) {
        let coded = [chunked(&body, &sizes), b"NEXT".to_vec()].concat();
        let (mut decoder, mut out) = (ChunkedDecoder::new(), Vec::new());
        let (mut at, mut end, mut cuts) = (0, 0, cuts.iter().cycle());
        while !decoder.is_done() {
            end = (end + cuts.next().unwrap()).min(coded.len());
            let mut piece = Vec::new();
            at += decoder.decode(&coded[at..end], room, &mut piece).unwrap();
            prop_assert!(piece.len() <= room);
            out.extend_from_slice(&piece);
        }
        prop_assert_eq!(&out, &body);
        prop_assert_eq!(&coded[at..], b"NEXT");
    }

    #[test]
    fn answers_any_pipeline_in_order_however_it_is_cut(
        requests in vec(request(), 1..12),
        cuts in vec(1..400_usize, 1..6),
    ) {
        let server = start(routes());
        let mut client = Client::new(&server);
        let all: String = requests.iter().map(|(request, _)| request.as_str()).collect();
        let (mut rest, mut cuts) = (all.as_bytes(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            client.send(piece);
            rest = left;
        }
        for (_, body) in &requests {
            let seen = client.answer();
            prop_assert_eq!((seen.status, &seen.body), (200, body));
        }
    }

    #[test]
    fn never_panics_on_random_bytes(bytes in vec(any::<u8>(), 0..600)) {
        parse_any(&bytes);
        let decoded = ChunkedDecoder::new().decode(&bytes, 100, &mut Vec::new());
        prop_assert!(decoded.is_err() || decoded.unwrap() <= bytes.len());
    }

    #[test]
    fn survives_damaged_requests(
        requests in vec(request(), 1..4),
        damages in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes: Vec<u8> =
            requests.iter().flat_map(|(request, _)| request.as_bytes().to_vec()).collect();
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        parse_any(&bytes);
        let server = start(routes());
        let mut client = Client::new(&server);
        // The server may close before all is written.
        drop(client.stream.write_all(&bytes));
        drop(client.stream.shutdown(std::net::Shutdown::Write));
        client.stream.set_read_timeout(Some(super::support::PATIENCE)).unwrap();
        let mut seen = Vec::new();
        drop(std::io::Read::read_to_end(&mut client.stream, &mut seen));
        prop_assert!(seen.is_empty() || seen.starts_with(b"HTTP/1.1 "));
        prop_assert_eq!(Client::new(&server).ask(get("/")).body, "hello");
    }
}
