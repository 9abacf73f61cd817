//! Who is let in, and over which connections.

use super::support::*;
use crate::postgres_server::Postgres;
use headwater::resource::*;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;

#[test]
fn who_is_not_let_in_is_told_at_once_and_never_shown_a_password() {
    let server = Postgres::start();
    server.sql("postgres", "CREATE ROLE closed LOGIN PASSWORD 'p@ss/w%rd:?#'");
    let rules = server.folder().join("data/pg_hba.conf");
    let open = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all closed 127.0.0.1/32 scram-sha-256\n{open}")).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()");
    let database = server.new_database();
    server.sql(&database, "GRANT ALL ON SCHEMA public TO closed");
    let url = |login: &str, database: &str| {
        format!("postgres://{login}@127.0.0.1:{}/{database}", server.port())
    };
    for (wrong, told) in [
        (url("closed:secret1", &database), "password authentication failed"),
        (url("closed", &database), "password missing"),
        (url("postgres:secret1", "secret2"), "does not exist"),
        (url("nobody:secret1", &database), "does not exist"),
    ] {
        let fault =
            try_open(&wrong, &counters()).err().unwrap_or_else(|| panic!("{wrong} is let in"));
        let reason = fault.to_string();
        assert!(reason.contains(told) && !reason.contains("secret1"), "{reason}");
    }
    let store = opened(&url("closed:p@ss/w%rd:?#", &database), &counters());
    insert_all(&*store, &[counter(1, 1)]);
    assert!(!format!("{store:?}").contains("p@ss"));
    // Who is locked out later is told by the health, and is let in again without a restart.
    server.sql("postgres", "ALTER ROLE closed PASSWORD 'another'");
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'closed'",
    );
    eventually(|| store.health() != Health::Ready);
    let error = store.get(Key::Integer(1)).wait().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    server.sql("postgres", "ALTER ROLE closed PASSWORD 'p@ss/w%rd:?#'");
    eventually(|| store.health() == Health::Ready);
    assert_eq!(get(&*store, 1), Some(counter(1, 1)));
}

#[test]
fn a_unix_socket_and_another_search_path_will_do() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE SCHEMA \"My Shop\"");
    let folder = server.folder().display().to_string();
    let (encoded, port) = (folder.replace('/', "%2F"), server.port());
    for url in [
        format!(
            "postgres://postgres@{encoded}:{port}/{database}?options=-c%20search_path%3D%22My\\%20Shop%22"
        ),
        format!("postgres://postgres@/{database}?host={folder}&port={port}&sslmode=disable"),
    ] {
        let store = opened(&url, &counters());
        insert_all(&*store, &[counter(1, 1)]);
        let begin = here(&*store);
        outcome(&*store, Action::Delete(Key::Integer(1)));
        eventually(|| changes(&*store, begin).items.len() == 1);
    }
    assert_eq!(server.sql(&database, "SELECT count(*) FROM \"My Shop\".things"), "0");
}

#[test]
fn encryption_is_what_the_url_asks_for() {
    let server = Postgres::with_settings(
        "ssl = off\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'",
    );
    let database = server.new_database();
    let folder = server.folder();
    certify(folder);
    let url = |host: &str, options: &str| {
        format!("postgres://postgres@{host}:{}/{database}?{options}", server.port())
    };
    let file = |name: &str| format!("sslrootcert={}", folder.join(name).display());
    let is_encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'headwater'";
    let refused = |url: &str, told: &str| {
        let fault = try_open(url, &counters()).err().unwrap_or_else(|| panic!("{url} is let in"));
        assert!(fault.to_string().contains(told), "{fault}");
    };
    // A server that cannot.
    drop(opened(&url("localhost", "sslmode=prefer"), &counters()));
    refused(&url("localhost", "sslmode=require"), "does not support TLS");
    // One that can.
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.sql("postgres", "SELECT pg_reload_conf()");
    eventually(|| server.sql("postgres", "SHOW ssl") == "on");
    let authority = file("authority.pem");
    for (host, options, is_so) in [
        ("localhost", "sslmode=disable".to_owned(), "f"),
        ("localhost", String::new(), "t"),
        ("127.0.0.1", "sslmode=require".to_owned(), "t"),
        ("127.0.0.1", format!("sslmode=verify-ca&{authority}"), "t"),
        ("localhost", format!("sslmode=verify-full&{authority}"), "t"),
    ] {
        let store = opened(&url(host, &options), &counters());
        outcome(&*store, Action::Put(counter(1, 1)));
        assert_eq!(server.sql(&database, is_encrypted), is_so, "{options}");
    }
    // The certificate is for localhost, and another authority has not signed it.
    refused(&url("127.0.0.1", &format!("sslmode=verify-full&{authority}")), "certificate");
    for mode in ["verify-ca", "verify-full", "require"] {
        let other = format!("sslmode={mode}&{}", file("other.pem"));
        refused(&url("localhost", &other), "certificate");
    }
    refused(&url("localhost", &format!("sslmode=verify-full&{}", file("none.pem"))), "none.pem");
}

/// A certificate for `localhost`, the authority that signed it, and another one.
fn certify(folder: &Path) {
    let run = |line: &str| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        if words[0] == "req" {
            words.extend(key);
        }
        let output = Command::new("openssl").args(words).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run("req -x509 -keyout authority.key -out authority.pem -days 30 -subj /CN=authority");
    run("req -x509 -keyout other.key -out other.pem -days 30 -subj /CN=other");
    run("req -keyout server.key -out server.csr -subj /CN=localhost");
    let names = "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n";
    fs::write(folder.join("names"), names).unwrap();
    run(
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out server.pem -days 30 -extfile names",
    );
    let owner = fs::metadata(folder).unwrap();
    for name in ["server.key", "server.pem"] {
        chown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}
