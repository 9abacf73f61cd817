//! `users` over a real PostgreSQL that is killed and frozen.

use super::{PASSWORD, READ_DEADLINE, SOON, WRITE_DEADLINE, tells_no_secret, timed};
use crate::postgres::Postgres;
use crate::support::{Answer, Connection, Harness, Process, eventually, get};
use std::time::Duration;

/// The API alone.
struct Api {
    postgres: Postgres,
    process: Process,
    address: String,
    _harness: Harness,
}

impl Api {
    fn start() -> Self {
        let postgres = Postgres::start();
        let store = postgres.url(&postgres.new_database());
        let store = store.replace("postgres@", &format!("postgres:{PASSWORD}@"));
        let harness = Harness::built_in("users").environment("USERS_STORE", &store);
        let process = Process::start(harness.up().args(["--only", "api", "--port", "api=0"]));
        let address = process.address("api");
        let api = Self { postgres, process, address, _harness: harness };
        eventually("it is ready", || api.ready().status == 200);
        api
    }

    fn ask(&self, method: &str, path: &str) -> Answer {
        let mut connection = Connection::open(&self.address).unwrap();
        let answer = connection.exchange(method, &format!("/users/{path}"), "").unwrap();
        tells_no_secret(&answer, &[format!(":{}", self.postgres.port())]);
        answer
    }

    fn ready(&self) -> Answer {
        let answer = get(&format!("{}ready", self.process.address("admin"))).unwrap();
        tells_no_secret(&answer, &[]);
        answer
    }

    /// Everything that there is to ask, all at once, is answered in time and says that the store is away.
    #[track_caller]
    fn is_away(&self, read: Duration, write: Duration) {
        std::thread::scope(|threads| {
            let asked: Vec<_> = [
                ("GET", "1", read),
                ("GET", "", write),
                ("POST", "?user_id=2&name=B&age=2", write),
                ("PUT", "1?name=B&age=2", write),
                ("DELETE", "1", write),
            ]
            .into_iter()
            .map(|(method, path, deadline)| {
                let ask = move || timed(|| self.ask(method, path));
                (method, path, deadline, threads.spawn(ask))
            })
            .collect();
            for (method, path, deadline, thread) in asked {
                let (answer, took) = thread.join().unwrap();
                let retry = answer.header("retry-after").and_then(|it| it.parse::<u64>().ok());
                let is_told = answer.status == 503 && retry.is_some_and(|seconds| seconds >= 1);
                assert!(is_told && answer.json()["detail"].is_string(), "{answer:?}");
                assert!(took <= deadline, "{method} {path}: {took:?}");
            }
        });
    }

    /// What was there before is there, and more can be made.
    #[track_caller]
    fn is_back(&self) {
        let alice = "{\"name\":\"Alice\",\"age\":30}";
        eventually("it reads again", || self.ask("GET", "1").body == alice);
        eventually("it writes again", || self.ask("PUT", "1?name=Alice&age=30").status == 200);
        eventually("it is ready again", || self.ready().status == 200);
    }
}

#[test]
fn says_that_postgres_is_away_or_frozen_and_is_back_by_itself() {
    let mut api = Api::start();
    assert_eq!(api.ask("POST", "?user_id=1&name=Alice&age=30").status, 200);
    for _ in 0..2 {
        api.postgres.kill();
        api.is_away(SOON, SOON);
        eventually("/ready says so", || {
            let answer = api.ready();
            answer.status == 503 && answer.body.contains("\"down\"")
        });
        api.postgres.resume();
        api.is_back();
    }
    api.postgres.freeze();
    api.is_away(READ_DEADLINE, WRITE_DEADLINE);
    api.postgres.thaw();
    api.is_back();
    // An orderly stop ends sessions with a message of its own.
    api.postgres.stop();
    api.is_away(SOON, SOON);
    api.postgres.resume();
    api.is_back();
    api.process.stop();
    assert!(!api.process.err.text().contains(PASSWORD), "the password is in the log");
}

#[test]
fn a_table_that_is_not_its_own_is_named_and_left_alone() {
    let postgres = Postgres::start();
    let database = postgres.new_database();
    let table = "CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(100), info TEXT NOT NULL)";
    postgres.sql(&database, table);
    let store = postgres.url(&database);
    let harness = Harness::built_in("users").environment("USERS_STORE", &store);
    let mut process = Process::start(harness.up().args(["--only", "api", "--port", "api=0"]));
    let (status, _) = process.wait(crate::support::PATIENCE);
    assert!(!status.success());
    process.says("user_id");
    let columns =
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'users' ORDER BY 1";
    assert_eq!(postgres.sql(&database, columns), "id\ninfo\nname");
}
