//! `render`: the deployments of the built-in stacks as files, and what is refused.

use crate::support::{Ran, anywhere, command, compare, here, run};
use std::path::Path;

const STACKS: [&str; 5] = ["random-file", "shared-data", "numbers", "users", "cached-users"];

/// A stack of one's own with a token, a port, shared and own directories, and a flow that a view shows.
const OWN: &str = r#"
stack: Own_stack
resources:
  notes: { key: id, fields: { id: integer, text: text } }
services:
  api:
    listen: 8000
    routes: { /notes: { resource: notes, access: { write: { env: API_TOKEN } } } }
  intake:
    source: { http_listen: { listen: 8001, path: /in } }
    sink: { append_file: "${OUT:-out}/in.ndjson" }
  look:
    listen: 8002
    view: { from: { flow: intake } }
  producer:
    source: { generate: { every: 1s, record: { n: sequence } } }
    sink: { dataset: { path: "${BOX:-box}" } }
  consumer:
    source: { datasets: "${BOX:-box}" }
    steps: [summarise]
    sink: { report: "done" }
  door: { listen: 8080, gate: { to: shown } }
  shown: { listen: 8003, routes: { /n: { generate: { n: sequence } } } }
  asker:
    needs: [producer]
    source: { http_poll: { url: "http://${API_HOST:-api}:8000/notes", every: "${EVERY}" } }
    sink: drop
"#;

fn own(directory: &Path, arguments: &[&str]) -> Ran {
    std::fs::write(directory.join("headwater.yaml"), OWN).unwrap();
    run(directory, arguments)
}

#[test]
fn the_built_in_stacks_are_rendered_for_every_target() {
    let mut wrong = Vec::new();
    for stack in STACKS {
        for target in ["compose", "swarm", "kubernetes"] {
            let ran = anywhere(&["render", target, stack]);
            assert_eq!(ran.code, 0, "{target} {stack}: {}", ran.err);
            let file = format!("{stack}.{target}");
            wrong.extend(compare(&here(&format!("rendered/{file}.yaml")), &ran.out).err());
            wrong.extend(compare(&here(&format!("rendered/{file}.txt")), &ran.err).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stack_of_ones_own_is_rendered_with_its_file_and_its_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for target in ["compose", "swarm", "kubernetes"] {
        let arguments = ["render", target, "--set", "EVERY=2s", "--scale", "shown=3"];
        let ran = own(directory.path(), &arguments);
        assert_eq!(ran.code, 0, "{target}: {}", ran.err);
        wrong.extend(compare(&here(&format!("rendered/own.{target}.yaml")), &ran.out).err());
        wrong.extend(compare(&here(&format!("rendered/own.{target}.txt")), &ran.err).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_deployment_is_written_with_all_that_it_needs() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["render", "compose", "--set", "EVERY=2s", "-o", "there"];
    let ran = own(directory.path(), &arguments);
    assert_eq!((ran.code, &*ran.out), (0, "there/docker-compose.yml\nthere/headwater.yaml\n"));
    assert_eq!(
        std::fs::read_to_string(directory.path().join("there/headwater.yaml")).unwrap(),
        OWN
    );
    let ran = own(directory.path(), &["render", "swarm", "--set", "EVERY=2s", "-o", "."]);
    assert_eq!((ran.code, &*ran.out), (0, "./docker-stack.yml\n"));
    let ran = anywhere(&["render", "kubernetes", "users", "-o", "there"]);
    assert_eq!((ran.code, &*ran.out), (0, "there/kubernetes.yaml\n"));
}

#[test]
fn what_cannot_be_deployed_is_refused_with_the_way_out() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, code, told) in [
        (&["compose", "usres"][..], 2, "did you mean `users`?"),
        (&["compos", "users"], 2, "'compose'"),
        (&["compose", "headwater.yaml"], 78, "the variable `EVERY` is not set"),
        (&["swarm", "users", "--scale", "api=3"], 2, "keeps state in a volume"),
        (&["swarm", "numbers", "--scale", "producr=3"], 2, "did you mean `producer`?"),
        (&["compose", "numbers", "--set", "A"], 2, "`A` is not"),
        (&["compose", "numbers", "--set", "PRODUCR_URL=x"], 2, "did you mean `PRODUCER_URL`?"),
        (&["compose", "any.yaml"], 2, "any free port"),
        (&["compose", "here.yaml"], 2, "nobody outside of its container can reach"),
        (&["compose", "clash.yaml"], 78, "both listen on port 5000"),
        (&["compose", "numbers", "--deploy", "deploy.wrong"], 78, "did you mean `beside`?"),
        (
            &["compose", "numbers", "--deploy", "deploy.clash"],
            2,
            "beside it both listen on port 5000",
        ),
        (&["compose", "numbers", "--deploy", "deploy.empty"], 78, "`redis` needs an `image`"),
    ] {
        let server = |name: &str, listen: &str| {
            format!(
                "  {name}: {{ listen: \"{listen}\", routes: {{ /: {{ generate: {{ n: sequence }} }} }} }}\n"
            )
        };
        let write = |name: &str, text: String| {
            std::fs::write(directory.path().join(name), text).unwrap();
        };
        let stack = "stack: x\nservices:\n";
        write("any.yaml", format!("{stack}{}", server("a", "0")));
        write("here.yaml", format!("{stack}{}", server("a", "127.0.0.1:5000")));
        write("clash.yaml", format!("{stack}{}{}", server("a", "5000"), server("b", "5000")));
        write("deploy.wrong", "besides: {}\n".to_owned());
        write("deploy.clash", "beside: { other: { image: x, port: 5000 } }\n".to_owned());
        write("deploy.empty", "beside: { redis: { port: 6379 } }\n".to_owned());
        let arguments: Vec<&str> =
            std::iter::once("render").chain(arguments.iter().copied()).collect();
        let ran = own(directory.path(), &arguments);
        assert_eq!((ran.code, &*ran.out), (code, ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(told), "{arguments:?} says {}", ran.err);
    }
}

#[test]
fn an_address_on_this_machine_that_no_variable_holds_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let text = "stack: x\nservices:\n  a: { source: { http_poll: \"http://localhost:9/\" }, sink: drop }\n";
    std::fs::write(directory.path().join("headwater.yaml"), text).unwrap();
    let ran = run(directory.path(), &["render", "compose"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("a names localhost:9, which inside its container"), "{}", ran.err);
}

#[test]
fn what_a_flow_goes_on_with_is_deployed_too() {
    let directory = tempfile::tempdir().unwrap();
    let text = "stack: x
services:
  maker: { source: { generate: { record: { n: sequence } } }, sink: { append_file: live/n.ndjson } }
  broker: { listen: 8000, routes: { /n: { generate: { n: sequence } } } }
  reader:
    source: { file: { path: old/n.ndjson } }
    then: { http_poll: { url: \"http://${API:-broker}:8000/n\" } }
    sink: drop
  follower:
    source: { generate: { record: { n: sequence }, limit: 3 } }
    then: { file: { path: live/n.ndjson, follow: true } }
    sink: drop
";
    std::fs::write(directory.path().join("headwater.yaml"), text).unwrap();
    let ran = run(directory.path(), &["render", "compose"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (_, reader) = ran.out.split_once("\n  reader:").unwrap();
    let (reader, follower) = reader.split_once("\n  follower:").unwrap();
    assert!(reader.contains("API: \"${API:-broker}\""), "its variable is missing: {reader}");
    assert!(reader.contains("broker:\n        condition"), "it does not wait: {reader}");
    assert!(follower.contains("- shared_data:/shared-data:ro"), "no volume: {follower}");
    let checked = run(directory.path(), &["check"]);
    assert!(checked.out.contains("follower: generate, then file -> drop"), "{}", checked.out);
    let checked = run(directory.path(), &["check", "--json"]);
    let flows: serde_json::Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(flows["flows"][1]["then"], "http_poll", "{flows}");
}

#[test]
fn a_variable_is_read_from_the_file_that_is_named_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let text = "stack: x\nservices:\n  a:\n    listen: 8000\n    routes:\n      /n: { generate: { n: \"integer 1..${HIGH}\" } }\n";
    std::fs::write(directory.path().join("headwater.yaml"), text).unwrap();
    let check = |variables: &[(&str, &str)]| {
        let mut command = command(directory.path(), &["check"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(directory.path().join("high"), "6\n").unwrap();
    assert_eq!(check(&[("HIGH_FILE", "high")]), (Some(0), String::new()));
    // A value goes before a file, and nobody looks at the file then.
    assert_eq!(check(&[("HIGH", "6"), ("HIGH_FILE", "none")]).0, Some(0));
    let (code, told) = check(&[("HIGH_FILE", "none")]);
    assert_eq!(code, Some(78));
    assert!(told.contains("the value of `HIGH` cannot be read from none"), "{told}");
    std::fs::write(directory.path().join("high"), [0xff, 0xfe]).unwrap();
    assert!(check(&[("HIGH_FILE", "high")]).1.contains("is not UTF-8"));
}
