//! What open pages are told, and when: by the hub itself and over a stream that is read slowly.

use super::hub::{Hub, Parts, Subscriber};
use super::stream::{Tempo, follow};
use super::{Door, HTML, Link, Page, Policy, drawn, gate, mount, style, theme};
use crate::core::time::now;
use crate::server::tests::support::{Client, Seen, eventually, say, start};
use crate::server::{Gate, Next, Request, Route, Router, RunningServer, stream};
use http::Method;
use serde_json::{Value, json};
use std::future::{poll_fn, ready};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

fn parts(list: &[(&str, &str)]) -> Parts {
    list.iter().map(|(id, markup)| ((*id).to_owned(), (*markup).to_owned())).collect()
}

fn subscribe(hub: &Hub, topics: &[&str], since: Option<&str>) -> Subscriber {
    let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
    hub.subscribe(topics, since.and_then(|since| since.parse().ok()))
}

/// The name, the id and the data of an event.
fn read(event: &[u8]) -> (String, String, Value) {
    let text = std::str::from_utf8(event).unwrap();
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let data = serde_json::from_str(line("data: ")).unwrap();
    (line("event: ").to_owned(), line("id: ").to_owned(), data)
}

#[test]
fn a_new_page_gets_everything_and_then_only_what_changed() {
    let hub = Hub::new();
    hub.publish("a", parts(&[("one", "<b>1</b>"), ("two", "2")]));
    hub.publish("b", parts(&[("three", "3")]));
    let mut page = subscribe(&hub, &["a"], None);
    let (name, _, data) = read(&page.take().unwrap());
    assert_eq!((name.as_str(), data), ("snapshot", json!({"a": {"one": "<b>1</b>", "two": "2"}})));
    assert!(page.take().is_none());
    assert!(!hub.publish("a", parts(&[("one", "<b>1</b>"), ("two", "2")])), "nothing changed");
    hub.publish("b", parts(&[("three", "4")]));
    assert!(page.take().is_none(), "it does not show the other topic");
    for number in ["5", "6", "7"] {
        hub.publish("a", parts(&[("one", "<b>1</b>"), ("two", number)]));
    }
    let (name, _, data) = read(&page.take().unwrap());
    assert_eq!((name.as_str(), data), ("delta", json!({"a": {"two": "7"}})));
}

#[test]
fn a_page_goes_on_where_it_was_and_is_told_all_by_another_life_of_the_server() {
    let hub = Hub::new();
    hub.publish("a", parts(&[("one", "1"), ("two", "2")]));
    let (version, shown) = hub.snapshot("a");
    assert_eq!(shown, parts(&[("one", "1"), ("two", "2")]));
    hub.publish("a", parts(&[("one", "1"), ("two", "3")]));
    let mut page = subscribe(&hub, &["a"], Some(&version.to_string()));
    let (name, id, data) = read(&page.take().unwrap());
    assert_eq!((name.as_str(), data), ("delta", json!({"a": {"two": "3"}})));
    assert!(subscribe(&hub, &["a"], Some(&id)).take().is_none(), "it has everything");
    let after = Hub::new();
    after.publish("a", parts(&[("one", "9")]));
    for since in [id.as_str(), "", "nonsense", "-", "0-1"] {
        let (name, _, data) = read(&subscribe(&after, &["a"], Some(since)).take().unwrap());
        assert_eq!((name.as_str(), data), ("snapshot", json!({"a": {"one": "9"}})), "{since}");
    }
    // A sequence ahead of now was never told by this hub.
    let ahead = format!("{}-99", id.split('-').next().unwrap());
    assert_eq!(read(&subscribe(&hub, &["a"], Some(&ahead)).take().unwrap()).0, "snapshot");
}

#[test]
fn pages_at_the_same_place_share_the_bytes_of_an_event() {
    let hub = Hub::new();
    hub.publish("a", parts(&[("one", "1")]));
    let mut pages: Vec<Subscriber> = (0..50).map(|_| subscribe(&hub, &["a"], None)).collect();
    hub.publish("a", parts(&[("one", "2")]));
    let events: Vec<_> = pages.iter_mut().map(|page| page.take().unwrap()).collect();
    assert!(events.iter().all(|event| event.as_ptr() == events[0].as_ptr()));
}

#[test]
fn knows_who_looks_at_what_and_says_when_somebody_begins() {
    let hub = Hub::new();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    hub.on_look(move |topic| {
        counted.fetch_add(usize::from(topic == "a"), Ordering::Relaxed);
    });
    assert_eq!(hub.viewers("a"), 0);
    let one = subscribe(&hub, &["a", "b"], None);
    let other = subscribe(&hub, &["a"], None);
    assert_eq!((hub.viewers("a"), hub.viewers("b"), looks.load(Ordering::Relaxed)), (2, 1, 2));
    drop(one);
    assert_eq!((hub.viewers("a"), hub.viewers("b")), (1, 0));
    hub.remove("a");
    assert_eq!(hub.viewers("a"), 1, "a topic that comes back has its viewers");
    drop(other);
    assert_eq!(hub.viewers("a"), 0);
}

#[test]
fn topics_that_change_together_are_one_event() {
    let hub = Hub::new();
    let (version, _) = hub.snapshot("a");
    let mut page = subscribe(&hub, &["a", "b"], Some(&version.to_string()));
    let both = [("a", "1"), ("b", "2")];
    let topics = both.map(|(topic, markup)| (topic.to_owned(), parts(&[("one", markup)])));
    assert!(hub.publish_all(topics.to_vec()) && !hub.publish_all(topics.to_vec()));
    let (_, _, seen) = read(&page.take().unwrap());
    assert_eq!((&seen["a"]["one"], &seen["b"]["one"]), (&"1".into(), &"2".into()));
    assert!(page.take().is_none());
}

#[test]
fn markup_with_line_ends_stays_one_event() {
    let hub = Hub::new();
    hub.publish("a", parts(&[("one", "<a>\n\n<b>\r\nevent: alive\n\n")]));
    let event = subscribe(&hub, &["a"], None).take().unwrap();
    let text = std::str::from_utf8(&event).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(read(&event).2["a"]["one"], "<a>\n\n<b>\r\nevent: alive\n\n");
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}

const QUICK: Tempo = Tempo { gather: Duration::from_millis(40), alive: Duration::from_mins(1) };

#[test]
fn two_changes_come_at_once_and_the_next_ones_together() {
    run(async {
        let hub = Hub::new();
        hub.publish("a", parts(&[("one", "0")]));
        let (version, _) = hub.snapshot("a");
        let mut page = subscribe(&hub, &["a"], Some(&version.to_string()));
        let (sender, mut body) = stream(1);
        tokio::spawn(async move { follow(&mut page, &sender, QUICK).await });
        let mut next = async || match poll_fn(|context| body.poll_next(context)).await {
            Next::Data(data) => data,
            other => panic!("{other:?}"),
        };
        let first = next().await;
        assert!(first.starts_with(b"retry: "), "{first:?}");
        let begun = now();
        hub.publish("a", parts(&[("one", "1")]));
        assert_eq!(read(&next().await).2["a"]["one"], "1");
        hub.publish("a", parts(&[("one", "2")]));
        assert_eq!(read(&next().await).2["a"]["one"], "2");
        for number in 3..=9 {
            hub.publish("a", parts(&[("one", &number.to_string())]));
        }
        assert_eq!(read(&next().await).2["a"]["one"], "9");
        assert!(begun.elapsed() >= QUICK.gather, "{:?}", begun.elapsed());
    });
}

#[test]
fn a_page_that_reads_nothing_holds_up_nobody_and_is_told_the_latest() {
    run(async {
        let hub = Hub::new();
        let mut page = subscribe(&hub, &["a"], None);
        let (sender, mut body) = stream(1);
        let told = tokio::spawn(async move { follow(&mut page, &sender, QUICK).await });
        for number in 0..10_000 {
            hub.publish("a", parts(&[("one", &number.to_string())]));
            if number % 1000 == 0 {
                tokio::task::yield_now().await;
            }
        }
        let mut last = Value::Null;
        while last != "9999" {
            let Next::Data(data) = poll_fn(|context| body.poll_next(context)).await else {
                panic!("the stream ends")
            };
            if data.starts_with(b"event: snapshot") || data.starts_with(b"event: delta") {
                last = read(&data).2["a"]["one"].clone();
            }
        }
        drop(body);
        assert!(told.await.unwrap().is_err(), "it ends when its client goes");
        assert_eq!(hub.viewers("a"), 0);
    });
}

#[test]
fn a_quiet_stream_says_that_it_is_alive() {
    run(async {
        let hub = Hub::new();
        hub.publish("a", parts(&[("one", "1")]));
        let (version, _) = hub.snapshot("a");
        let mut page = subscribe(&hub, &["a"], Some(&version.to_string()));
        let (sender, mut body) = stream(1);
        let quick = Tempo { alive: Duration::from_millis(5), ..QUICK };
        tokio::spawn(async move { follow(&mut page, &sender, quick).await });
        for _ in 0..3 {
            let next = poll_fn(|context| body.poll_next(context)).await;
            let Next::Data(data) = next else { panic!("{next:?}") };
            let text = String::from_utf8(data.to_vec()).unwrap();
            assert!(text.contains(&format!("event: alive\ndata: \"{version}\"\n\n")), "{text}");
        }
    });
}

#[test]
fn a_page_carries_its_style_and_nothing_else_that_could_run() {
    let hub = Hub::new();
    let links = [Link {
        text: "Map <b>".to_owned(),
        href: "../".to_owned(),
        is_here: false,
        keys: Some("g m"),
    }];
    let page = Page {
        title: "<script>alert(1)</script>",
        over: "stack",
        root: "../",
        links: &links,
        rules: "b { color: red; }",
        topics: &["a", "b"],
        version: hub.snapshot("a").0,
        theme: Some("dark"),
        content: maud::html! { p #one { "1" } },
        footer: maud::html! {},
    };
    let page = page.html();
    assert!(page.contains("<style>b { color: red; }</style>"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("Map <b>"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "the module, which runs after the page is seen");
    assert!(page.contains("<html lang=\"en\" data-theme=\"dark\">"), "{page}");
    assert!(page.contains("<script type=\"module\" src=\"../live.js\"></script>"));
    assert!(page.contains("data-topics=\"a b\"") && page.contains("data-keys=\"g m\""));
    assert!(!page.contains("style=") && !page.contains("http"), "nothing from elsewhere: {page}");
}

/// The head of an answer.
fn head(server: &RunningServer, path: &str) -> String {
    let mut client = Client::new(server);
    client.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n"));
    read_until(&mut client, "\r\n\r\n")
}

fn read_until(client: &mut Client, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        client.stream.read_exact(&mut byte).unwrap();
        text.extend(byte);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn the_head_of_a_page_leaves_before_the_page_is_drawn_in_the_theme_that_was_chosen() {
    let may_draw = Arc::new(Notify::new());
    let waiting = Arc::clone(&may_draw);
    let page = move |request: Request| {
        let (waiting, theme) = (Arc::clone(&waiting), theme(&request));
        ready(Ok(drawn(&request, HTML, async move {
            waiting.notified().await;
            format!("drawn in {theme:?}")
        })))
    };
    let server = start(Router::new().at("/", Route::new().slow(Method::GET, page)));
    for (cookie, expected) in [
        ("headwater_theme=dark", "Some(\"dark\")"),
        ("a=1; headwater_theme=light", "Some(\"light\")"),
        ("headwater_theme=\"><b>", "None"),
        ("headwater_theme=", "None"),
        ("theme=dark", "None"),
    ] {
        let mut client = Client::new(&server);
        client.send(format!("GET / HTTP/1.1\r\nhost: h\r\ncookie: {cookie}\r\n\r\n"));
        let head = read_until(&mut client, "\r\n\r\n");
        assert!(head.contains("200 OK") && head.contains("cache-control: no-store"), "{head}");
        may_draw.notify_one();
        let page = read_until(&mut client, "\r\n0\r\n\r\n");
        assert!(page.contains(&format!("drawn in {expected}\r\n")), "{cookie}: {page}");
    }
}

#[test]
fn the_policy_names_the_digest_of_the_style_that_stands_in_the_page() {
    let server = start(mount(Router::new(), &Hub::new(), &gate(), 2));
    let answer = head(&server, "/live.js");
    let policy = "content-security-policy: default-src 'none'; script-src 'self'; \
                  style-src 'sha256-";
    assert!(answer.contains(policy), "{answer}");
    assert!(answer.contains("content-encoding: gzip") && !answer.contains("unsafe"), "{answer}");
    for (path, status) in [
        ("/worker.js", "200 OK"),
        ("/live?topics=a", "200 OK"),
        ("/live", "400 Bad Request"),
        ("/live?topics=,", "400 Bad Request"),
    ] {
        let answer = head(&server, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.contains(policy), "{path}");
    }
}

#[test]
fn streams_beyond_the_limit_are_refused_and_places_are_given_back() {
    let hub = Hub::new();
    let server = start(mount(Router::new(), &hub, &gate(), 2));
    let open = || {
        let mut client = Client::new(&server);
        client.send("GET /live?topics=a HTTP/1.1\r\nhost: h\r\n\r\n");
        let head = read_until(&mut client, "\r\n\r\n");
        (client, head.split(' ').nth(1).unwrap().to_owned())
    };
    let (first, second) = (open(), open());
    assert_eq!([first.1, second.1], ["200", "200"]);
    for _ in 0..3 {
        assert_eq!(open().1, "503");
        assert_eq!(hub.viewers("a"), 2);
    }
    drop(first.0);
    eventually("it has gone", || hub.viewers("a") == 1);
    eventually("its place is free", || open().1 == "200");
}

#[test]
fn the_policy_of_a_page_with_rules_of_its_own_names_both_digests() {
    let gate: Arc<dyn Gate> = Arc::new(Policy::with_rules("b { color: red; }"));
    let server = start(mount(Router::new(), &Hub::new(), &gate, 2));
    let answer = head(&server, "/live?topics=a");
    let plain = head(&start(mount(Router::new(), &Hub::new(), &self::gate(), 2)), "/live?topics=a");
    let styles = |answer: &str| {
        let rules = answer.split("; ").find_map(|it| it.strip_prefix("style-src "));
        rules.unwrap().split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let own = "'sha256-K7wBnJev2A/HN5dIkwuPGm8ZO0MR8u5EXZ0CyYxMWlc='";
    assert_eq!(styles(&answer), [own.to_owned(), styles(&plain)[0].clone()]);
}

/// A page behind the token `secret`.
fn guarded() -> RunningServer {
    behind(&Door::new("view", Some("secret")))
}

fn behind(door: &Door) -> RunningServer {
    let gate = door.before(Policy::new());
    let page = Route::new().gate(Arc::clone(&gate)).quick(Method::GET, say("42 users"));
    start(door.lead_to(mount(Router::new(), &Hub::new(), &gate, 2), page))
}

fn ask(server: &RunningServer, request: &str, headers: &str, body: &str) -> Seen {
    let length = body.len();
    let head =
        format!("{request} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {length}\r\n\r\n");
    Client::new(server).ask(format!("{head}{body}"))
}

#[test]
fn a_token_is_asked_for_once_and_kept_as_a_cookie_that_no_script_reads() {
    let server = guarded();
    let form = ask(&server, "GET /", "", "");
    assert_eq!(form.status, 401);
    assert_eq!(form.header("content-type"), Some(HTML));
    assert!(form.header("content-security-policy").is_some());
    assert!(form.body.contains("<form") && !form.body.contains("42 users"), "{}", form.body);
    assert_eq!(ask(&server, "GET /live?topics=a", "", "").status, 401);
    assert_eq!(ask(&server, "GET /live.js", "", "").status, 200);
    assert_eq!(ask(&server, "POST /enter", "", "token=wrong").status, 401);
    let entered = ask(&server, "POST /enter", "origin: http://h\r\n", "token=secret");
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("secret"));
    let value = cookie.split(';').next().unwrap();
    for (headers, status) in [
        (format!("cookie: other=1; {value}\r\n"), 200),
        ("authorization: Bearer secret\r\n".to_owned(), 200),
        ("authorization: Bearer secre\r\n".to_owned(), 401),
        (format!("cookie: {}\r\n", value.get(..value.len() - 1).unwrap()), 401),
        ("cookie: headwater_view=\r\n".to_owned(), 401),
    ] {
        assert_eq!(ask(&server, "GET /", &headers, "").status, status, "{headers}");
    }
}

#[test]
fn the_cookie_of_one_kind_of_pages_opens_no_other_with_the_same_token() {
    let view = guarded();
    let admin = behind(&Door::new("admin", Some("secret")));
    let entered = ask(&view, "POST /enter", "", "token=secret");
    let (name, value) = entered.header("set-cookie").unwrap().split_once('=').unwrap();
    let value = value.split(';').next().unwrap();
    assert_eq!(name, "headwater_view");
    assert_eq!(ask(&view, "GET /", &format!("cookie: {name}={value}\r\n"), "").status, 200);
    for name in [name, "headwater_admin"] {
        let cookie = format!("cookie: {name}={value}\r\n");
        assert_eq!(ask(&admin, "GET /", &cookie, "").status, 401, "{name}");
    }
}

#[test]
fn without_a_token_everybody_comes_in() {
    let server = behind(&Door::default());
    assert_eq!(ask(&server, "GET /", "", "").status, 200);
    assert_eq!(ask(&server, "POST /enter", "", "token=").status, 404);
}

#[test]
fn another_site_cannot_send_the_form() {
    let server = guarded();
    for headers in [
        "origin: https://evil.example\r\n",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\norigin: http://h\r\n",
        "origin: null\r\n",
    ] {
        assert_eq!(ask(&server, "POST /enter", headers, "token=secret").status, 403, "{headers}");
    }
}

#[test]
fn the_scripts_stay_small() {
    let bytes = include_str!("live.js").len() + include_str!("worker.js").len();
    assert!(bytes <= 13 * 1024, "{bytes}");
    assert!(include_str!("cursor.js").len() <= 3 * 1024);
    assert!(style().len() < 12 * 1024, "{}", style().len());
    assert!(!style().contains("/*") && !style().contains("http"), "{}", style());
}
