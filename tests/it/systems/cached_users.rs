//! `cached-users` through the variables of the original, as two processes over a real PostgreSQL and a real Redis that
//! are killed and frozen.

use super::{PASSWORD, READ_DEADLINE, SOON, WRITE_DEADLINE, tells_no_secret, timed};
use crate::postgres::Postgres;
use crate::redis_server::Redis;
use crate::support::{Answer, Connection, Harness, Process, eventually, get};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// `init.sql` of the original, and somebody who was there before us.
const TABLE: &str =
    "CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(100) UNIQUE, info TEXT NOT NULL);
    INSERT INTO users (name, info) VALUES ('old', 'was here first');";

/// The two services, each a process of its own, and what they stand on.
pub struct System {
    postgres: Postgres,
    redis: Redis,
    database: String,
    users: Process,
    data: Process,
    pub register: String,
    pub read: String,
    /// Everything that was answered, for looking into it in the end.
    answers: Mutex<Vec<Answer>>,
    _harness: Harness,
}

impl System {
    /// Over the table of the original.
    pub fn start() -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let database = postgres.new_database();
        postgres.sql(&database, TABLE);
        let redis_port = redis.address().rsplit(':').next().unwrap().to_owned();
        let mut harness = Harness::built_in("cached-users");
        for (name, value) in [
            ("DB_HOST", "127.0.0.1"),
            ("DB_PORT", &postgres.port().to_string()),
            ("DB_NAME", &database),
            ("DB_USER", "postgres"),
            ("DB_PASS", PASSWORD),
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", &redis_port),
        ] {
            harness = harness.environment(name, value);
        }
        let start = |service: &str| {
            let port = format!("{service}=0");
            Process::start(harness.up().args(["--only", service, "--port", &port]))
        };
        let (users, data) = (start("user-service"), start("data-service"));
        let base = |address: String| {
            let host = address.trim_start_matches("http://").split('/').next().unwrap().to_owned();
            format!("http://{host}")
        };
        let register = base(users.address("user-service"));
        let read = base(data.address("data-service"));
        let answers = Mutex::default();
        let system = Self {
            postgres,
            redis,
            database,
            users,
            data,
            register,
            read,
            answers,
            _harness: harness,
        };
        eventually("both are ready", || system.is_ready() && system.redis_is("ready"));
        system
    }

    fn told(&self, answer: Answer) -> Answer {
        self.answers.lock().unwrap().push(answer.clone());
        answer
    }

    fn get(&self, name: &str) -> Answer {
        self.told(get(&format!("{}/user/{name}", self.read)).unwrap())
    }

    fn post(&self, name: &str, info: &str) -> Answer {
        let body = serde_json::json!({ "name": name, "info": info }).to_string();
        let mut connection = Connection::open(&self.register).unwrap();
        let kind = "content-type: application/json\r\n";
        self.told(connection.exchange_with("POST", "/register", kind, &body).unwrap())
    }

    /// Reads, and says whether a cache answered.
    #[track_caller]
    fn reads(&self, name: &str, info: &str) -> bool {
        let answer = self.get(name);
        assert_eq!(answer.status, 200, "{answer:?}");
        let record = answer.json();
        assert_eq!((&record["name"], &record["info"]), (&name.into(), &info.into()));
        record["cached"].as_bool().unwrap()
    }

    /// `/ready` of both processes.
    fn ready(&self) -> [Answer; 2] {
        [&self.users, &self.data].map(|process| {
            let admin = process.address("admin");
            self.told(get(&format!("{admin}ready")).unwrap())
        })
    }

    fn is_ready(&self) -> bool {
        self.ready().iter().all(|answer| answer.status == 200)
    }

    fn resources(&self) -> [Value; 2] {
        self.ready().map(|answer| answer.json()["resources"]["users"].clone())
    }

    fn redis_is(&self, state: &str) -> bool {
        self.resources().iter().all(|users| users["redis"] == state)
    }

    /// Copies of ours in Redis.
    fn copies(&self) -> Vec<String> {
        self.redis.query(&["KEYS", "hw:*"])
    }

    /// Nobody was told anything that is not for clients.
    pub fn end(mut self) {
        let hosts = [format!(":{}", self.postgres.port()), self.redis.address()];
        for answer in self.answers.lock().unwrap().iter() {
            tells_no_secret(answer, &hosts);
        }
        self.users.stop();
        self.data.stop();
        for process in [&self.users, &self.data] {
            assert!(!process.err.text().contains(PASSWORD), "the password is in the log");
        }
    }
}

/// The store is away, told as the contract says.
#[track_caller]
fn is_unavailable((answer, took): &(Answer, Duration), within: Duration) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.body, "{\"error\":\"database unavailable\"}\n");
    let retry = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(retry.is_some_and(|seconds| seconds >= 1), "{answer:?}");
    assert!(*took <= within, "{took:?}");
}

#[test]
fn serves_the_table_of_the_original_and_caches_what_it_reads() {
    let system = System::start();
    system.redis.query::<()>(&["SET", "old", "what the original left here"]);
    assert!(!system.reads("old", "was here first"));
    assert!(system.reads("old", "was here first"));
    assert_eq!(system.post("alice", "likes tea").status, 201);
    assert!(!system.reads("alice", "likes tea"));
    assert!(system.reads("alice", "likes tea"));
    // What is known to be absent is forgotten as soon as it is there.
    assert_eq!(system.get("bob").status, 404);
    assert_eq!(system.post("bob", "b").status, 201);
    eventually("the other process hears of it", || system.get("bob").status == 200);
    // The first information stays, and the table says so too.
    assert_eq!(system.post("alice", "likes coffee").status, 201);
    assert!(system.reads("alice", "likes tea"));
    let rows = "SELECT name, info FROM users ORDER BY id";
    let table = system.postgres.sql(&system.database, rows);
    assert_eq!(table, "old|was here first\nalice|likes tea\nbob|b");
    // A person at the database is heard within the bound of staleness, 250 ms.
    let change = "UPDATE users SET info = 'likes water' WHERE name = 'alice'";
    system.postgres.sql(&system.database, change);
    let changed = Instant::now();
    let is_new = || system.get("alice").json()["info"] == "likes water";
    while changed.elapsed() <= Duration::from_millis(250) {
        is_new();
    }
    assert!(is_new(), "{:?} after the change", changed.elapsed());
    eventually("there are copies in Redis", || system.copies().len() >= 2);
    let left: String = system.redis.query(&["GET", "old"]);
    assert_eq!(left, "what the original left here");
    let keys: Vec<String> = system.redis.query(&["KEYS", "*"]);
    assert_eq!(keys.len(), system.copies().len() + 1, "{keys:?}");
    system.end();
}

#[test]
fn without_postgres_it_says_so_and_answers_what_it_has_read() {
    let system = System::start();
    assert!(!system.reads("old", "was here first"));
    system.postgres.kill();
    // Some requests were under way or find it out; then every answer is quick.
    let first = [timed(|| system.get("nobody")), timed(|| system.post("bob", "b"))];
    for told in &first {
        is_unavailable(told, SOON);
    }
    eventually("/ready says so", || {
        let is_told = |answer: &Answer| answer.status == 503 && answer.body.contains("\"down\"");
        system.ready().iter().all(is_told)
    });
    for resource in system.resources() {
        assert!(resource["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    }
    let begun = Instant::now();
    // Longer than the bound of staleness: the answers say that they are old.
    while begun.elapsed() < Duration::from_secs(1) {
        let (answer, took) = timed(|| system.get("old"));
        let text = "{\"cached\":true,\"info\":\"was here first\",\"name\":\"old\"}\n";
        assert_eq!((answer.status, answer.body.as_str()), (200, text));
        assert!(took <= SOON, "{took:?}");
        is_unavailable(&timed(|| system.get("nobody")), SOON);
        is_unavailable(&timed(|| system.post("bob", "b")), SOON);
    }
    assert!(system.get("old").header("cache-status").unwrap().ends_with("detail=stale"));
    system.postgres.resume();
    eventually("it registers again", || system.post("bob", "b").status == 201);
    eventually("it reads again", || system.get("bob").status == 200);
    eventually("both are ready again", || system.is_ready());
    assert_eq!(system.get("nobody").status, 404);
    system.end();
}

#[test]
fn without_redis_it_reads_the_table_and_is_back_by_itself() {
    let system = System::start();
    for number in 0..20 {
        assert_eq!(system.post(&format!("before-{number}"), "i").status, 201);
    }
    assert!(!system.reads("before-0", "i"));
    eventually("there is a copy in Redis", || !system.copies().is_empty());
    system.redis.kill();
    for number in 1..20 {
        let (answer, took) = timed(|| system.get(&format!("before-{number}")));
        assert!(answer.body.starts_with("{\"cached\":false,"), "{answer:?}");
        assert!(took <= SOON, "{took:?}");
    }
    let (answer, took) = timed(|| system.post("meanwhile", "m"));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(took <= SOON, "{took:?}");
    assert!(!system.reads("meanwhile", "m"));
    eventually("it is known to be away", || system.redis_is("away"));
    assert!(system.is_ready(), "nobody has to do without anything");
    system.redis.resume();
    eventually("it is used again", || system.redis_is("ready"));
    let number = std::cell::Cell::new(0);
    eventually("there are copies again", || {
        number.set(number.get() + 1);
        let name = format!("after-{}", number.get());
        assert_eq!(system.post(&name, "i").status, 201);
        assert_eq!(system.get(&name).status, 200);
        system.copies().iter().any(|copy| copy.ends_with(&name))
    });
    system.end();
}

#[test]
fn a_postgres_that_is_frozen_holds_nobody_beyond_a_deadline() {
    let system = System::start();
    assert!(!system.reads("old", "was here first"));
    system.postgres.freeze();
    std::thread::scope(|threads| {
        let reading: Vec<_> = (0..8)
            .map(|number| {
                let (system, name) = (&system, format!("nobody-{number}"));
                threads.spawn(move || timed(|| system.get(&name)))
            })
            .collect();
        let writing = threads.spawn(|| timed(|| system.post("bob", "b")));
        let (answer, took) = timed(|| system.get("old"));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(took <= READ_DEADLINE, "{took:?}");
        for thread in reading {
            is_unavailable(&thread.join().unwrap(), READ_DEADLINE);
        }
        is_unavailable(&writing.join().unwrap(), WRITE_DEADLINE);
    });
    eventually("/ready says so", || system.ready().iter().all(|answer| answer.status == 503));
    system.postgres.thaw();
    eventually("it registers again", || system.post("carol", "c").status == 201);
    eventually("it reads again", || system.get("carol").status == 200);
    eventually("both are ready again", || system.is_ready());
    system.end();
}
