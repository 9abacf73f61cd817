//! The page over a real connection, as a browser and as a simple client ask for it.

use super::mount;
use crate::server::{Limits, Router, RunningServer, Server, ServerConfig};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;

struct Seen {
    head: String,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::trim)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn started() -> RunningServer {
    let document = serde_json::json!({"openapi": "3.1.0", "info": {"title": "Things <b>"}});
    let address = "127.0.0.1:0".parse().unwrap();
    let config = ServerConfig { name: "test".into(), address, limits: Limits::default() };
    Server::start(config, mount(Router::new(), &document)).unwrap()
}

fn ask(server: &RunningServer, method: &str, path: &str, headers: &str) -> Seen {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = bytes.split_off(end + 4);
    Seen { head: String::from_utf8(bytes).unwrap(), body }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// Every file that the page asks for, in the attributes that name one.
fn named_by(page: &str) -> Vec<String> {
    let named = |mark: &str| -> Vec<String> {
        page.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    [named("href=\""), named("src=\"")].concat()
}

#[test]
fn gives_the_page_where_clients_of_the_originals_look_for_it() {
    let server = started();
    for path in ["/docs", "/redoc", "/docs/oauth2-redirect"] {
        let seen = ask(&server, "GET", path, "");
        assert!(seen.head.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {}", seen.head);
        assert_eq!(seen.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(seen.text().starts_with("<!doctype html>"), "{path}");
    }
    assert_eq!(ask(&server, "GET", "/docs", "").body, ask(&server, "GET", "/redoc", "").body);
}

#[test]
fn every_file_of_the_page_is_here_and_none_is_elsewhere() {
    let server = started();
    let page = ask(&server, "GET", "/docs", "");
    let files = named_by(page.text());
    assert_eq!(files.len(), 6, "{files:?}");
    for file in files {
        assert!(!file.contains("//") && !file.starts_with('/'), "{file}");
        let seen = ask(&server, "GET", &format!("/{file}"), "");
        assert!(seen.head.starts_with("HTTP/1.1 200 OK\r\n"), "{file}");
    }
    assert!(!page.text().contains("<style") && !page.text().contains("<script>"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self'") && policy.contains("default-src 'none'"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
}

#[test]
fn gives_the_document_as_it_is() {
    let server = started();
    let seen = ask(&server, "GET", "/openapi.json", "");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.text(), r#"{"openapi":"3.1.0","info":{"title":"Things <b>"}}"#);
    let packed = ask(&server, "GET", "/openapi.json", "Accept-Encoding: gzip\r\n");
    assert_eq!(unpacked(&packed.body), seen.body);
}

#[test]
fn packs_what_a_browser_asks_for_and_unpacks_it_for_others() {
    let server = started();
    for (path, content_type) in [
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/icon.svg", "image/svg+xml"),
    ] {
        let packed = ask(&server, "GET", path, "Accept-Encoding: gzip, deflate, br\r\n");
        let plain = ask(&server, "GET", path, "");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(unpacked(&packed.body), plain.body, "{path}");
        for seen in [&packed, &plain] {
            assert_eq!(seen.header("content-type"), Some(content_type), "{path}");
            assert_eq!(seen.header("vary"), Some("accept-encoding"), "{path}");
            assert_eq!(seen.header("content-length"), Some(&*seen.body.len().to_string()));
        }
        assert_ne!(packed.header("etag"), plain.header("etag"), "{path}");
    }
}

#[test]
fn tells_the_true_length_without_the_body() {
    let server = started();
    for path in ["/docs", "/redoc", "/openapi.json", "/docs/swagger-ui-bundle.js"] {
        for headers in ["", "Accept-Encoding: gzip\r\n"] {
            let got = ask(&server, "GET", path, headers);
            let head = ask(&server, "HEAD", path, headers);
            assert!(head.head.starts_with("HTTP/1.1 200 OK\r\n") && head.body.is_empty());
            assert_eq!(head.header("content-length"), Some(&*got.body.len().to_string()), "{path}");
            assert_eq!(head.header("etag"), got.header("etag"), "{path}");
        }
    }
}

#[test]
fn a_second_visit_costs_no_body() {
    let server = started();
    let gzip = "Accept-Encoding: gzip\r\n";
    for path in ["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"] {
        let tag = ask(&server, "GET", path, gzip).header("etag").unwrap().to_owned();
        let again = ask(&server, "GET", path, &format!("{gzip}If-None-Match: {tag}\r\n"));
        assert!(again.head.starts_with("HTTP/1.1 304 "), "{}", again.head);
        assert_eq!((again.header("etag"), again.body.len()), (Some(&*tag), 0));
        let other = ask(&server, "GET", path, &format!("If-None-Match: {tag}\r\n"));
        assert!(other.head.starts_with("HTTP/1.1 200 "), "the tag is of the other encoding");
    }
}

#[test]
fn the_vendored_files_are_the_ones_that_were_published() {
    let folder = "src/wires/docs/assets/swagger-ui";
    let list = std::fs::read_to_string(format!("{folder}/VENDORED.md")).unwrap();
    let mut checked = 0;
    for row in list.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.split('`').skip(1).step_by(2);
        let (file, sum) = (cells.next().unwrap(), cells.next().unwrap());
        let bytes = std::fs::read(format!("{folder}/{file}")).unwrap();
        let is_packed = bytes.starts_with(&[0x1f, 0x8b]);
        let digest = Sha256::digest(if is_packed { unpacked(&bytes) } else { bytes });
        let halves: Vec<u128> =
            digest.chunks(16).map(|half| u128::from_be_bytes(half.try_into().unwrap())).collect();
        assert_eq!(format!("{:032x}{:032x}", halves[0], halves[1]), sum, "{file}");
        checked += 1;
    }
    assert_eq!(checked, 4);
}
