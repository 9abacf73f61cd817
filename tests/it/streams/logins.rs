//! Encrypted connections, nkeys and `.creds` files: the right ones work, and what is wrong is told without a secret.

use super::{Harness, arrives, is_whole_and_in_order, reading, run, writing};
use crate::nats_server::Nats;
use crate::support::{PATIENCE, make_certificates};

/// A user's nkey, and another one; they open no server but that of this test.
const PUBLIC: &str = "UAS62RY6CAN6P7LMPDOANFJSHJDQ6ZHATPC7JYB5USBTQTMORNS7PLLM";
const SEED: &str = "SUAAJ6EZNWTWHN5JNGYQFDXDAB2WT2XTUY2UQ3O2WII5KEWILOO7R67BBI";
const OTHER: &str = "SUANSKMKCDI3A42YG7OEXWC5VRSBWDZ454T2I7S5KOSU6LZ7LMX476VCWY";

const OPERATOR: &str = include_str!("../../servers/operator/operator.conf");
const CREDENTIALS: &str = include_str!("../../servers/operator/me.creds");

/// Writes ten records and reads them again with these options.
#[track_caller]
fn works(url: &str, more: &str) {
    run(&Harness::new(&writing(url, 10, more)));
    let reader = Harness::new(&reading(url, more));
    let process = reader.start();
    arrives(&reader, 10);
    is_whole_and_in_order(&reader, 10);
    drop(process);
}

/// What is wrong is told and tried again, and nothing of these words is shown.
#[track_caller]
fn is_refused(text: &str, told: &str, secrets: &[&str]) {
    let harness = Harness::new(text);
    let mut process = harness.start();
    process.says(told);
    // It goes on trying: a file may be replaced, a user be let in.
    assert!(!process.has_ended());
    process.kill();
    let all = process.err.to_end(PATIENCE);
    for secret in secrets {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn encryption_and_certificates_are_checked_by_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let place = folder.path().display();
    let server = Nats::secured(&format!(
        "tls {{ cert_file: \"{place}/server.pem\", key_file: \"{place}/server.key\", \
         ca_file: \"{place}/authority.pem\", verify: true }}\n\
         authorization {{ user: me, password: right-word }}"
    ));
    let url = server.url().replace("nats://", "tls://");
    std::fs::write(folder.path().join("word"), "right-word\n").unwrap();
    let ca = format!(", ca: \"{place}/authority.pem\"");
    let login = format!(", user: me, password_file: \"{place}/word\"");
    let shown = format!(", certificate: \"{place}/client.pem\", key: \"{place}/client.key\"");
    works(&url, &format!("{ca}{login}{shown}"));
    // A server that wants encryption gets it also when the URL does not ask for it.
    works(&server.url(), &format!("{ca}{login}{shown}"));
    let secrets = ["right-word", "PRIVATE KEY"];
    let wrong = format!(", ca: \"{place}/other.pem\"{login}{shown}");
    is_refused(&reading(&url, &wrong), "look at `ca`", &secrets);
    is_refused(&reading(&url, &format!("{ca}{login}")), &server.address(), &secrets);
    let missing = format!(", ca: \"{place}/missing.pem\"{login}{shown}");
    is_refused(&reading(&url, &missing), "missing.pem cannot be read", &secrets);
    let word = ", user: me, password: wrong-word";
    let wrong = reading(&url, &format!("{ca}{word}{shown}"));
    is_refused(&wrong, "refuses the login", &["wrong-word", "PRIVATE KEY"]);
}

#[test]
fn an_nkey_opens_the_server_and_a_wrong_one_is_never_shown() {
    let server = Nats::secured(&format!("authorization {{ users: [ {{ nkey: {PUBLIC} }} ] }}"));
    let folder = tempfile::tempdir().unwrap();
    let nkey = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!(", nkey: \"{}\"", path.display())
    };
    works(&server.url(), &nkey("right", &format!("{SEED}\n")));
    let wrong = reading(&server.url(), &nkey("wrong", OTHER));
    is_refused(&wrong, "refuses the login", &[OTHER]);
    // Not a seed at all: one that was cut off.
    let torn = &SEED[..40];
    is_refused(&reading(&server.url(), &nkey("torn", torn)), "holds no nkey", &[torn]);
    is_refused(&reading(&server.url(), ""), "refuses the login", &[]);
}

#[test]
fn credentials_of_an_operator_open_the_server_and_wrong_ones_are_never_shown() {
    let server = Nats::secured(OPERATOR);
    let folder = tempfile::tempdir().unwrap();
    let credentials = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!(", credentials: \"{}\"", path.display())
    };
    works(&server.url(), &credentials("right.creds", CREDENTIALS));
    let seed = CREDENTIALS.lines().find(|line| line.starts_with("SU")).unwrap();
    let other = CREDENTIALS.replace(seed, OTHER);
    let wrong = reading(&server.url(), &credentials("wrong.creds", &other));
    is_refused(&wrong, "refuses the login", &[OTHER, "eyJ0"]);
    let torn = reading(&server.url(), &credentials("torn.creds", &CREDENTIALS[..300]));
    is_refused(&torn, "holds no NATS credentials", &["eyJ0"]);
}
