//! `inkan ledger params` and `init --params`: what an operator may set is shown, announced, and in force a notice later.

use inkan_tests::shell::{Said, Shell};
use inkan_tests::{read_json, schemas};
use serde_json::{Value, json};

/// What the command prints is what its schema says, no more and no less.
fn fits(said: &Said) -> Value {
    assert_eq!(said.exit, 0, "{said:?}");
    let schema = read_json(&schemas().join("ledger-params.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let value = said.json();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
    for member in schema["required"].as_array().expect("members") {
        let mut less = value.clone();
        less.as_object_mut().expect("an object").remove(member.as_str().expect("a name"));
        assert!(!validator.is_valid(&less), "{member}");
    }
    let mut more = value.clone();
    more["unexpected"] = json!(1);
    assert!(!validator.is_valid(&more));
    value
}

#[test]
fn parameters_are_set_at_first_announced_and_applied() {
    let shell = Shell::new();
    shell.write("params.json", br#"{"notice": 0, "listMin": 1024}"#);
    let init = ["init", "op", "--ledger", "ledger", "--domain", "log.example"];
    for wrong in [&b"[]"[..], br#"{"listMin": "many"}"#, br#"{"other": 1}"#, b"no JSON"] {
        shell.write("wrong.json", wrong);
        let said = shell.inkan(&[&init[..], &["--params", "wrong.json"]].concat());
        assert_eq!(said.exit, 8, "{said:?}");
    }
    shell.ok(&[&init[..], &["--params", "params.json"]].concat());
    // One that exists changes them otherwise.
    let again = ["init", "other", "--ledger", "ledger", "--params", "params.json"];
    assert_eq!(shell.inkan(&again).exit, 2);

    let params = |rest: &[&str]| shell.inkan(&[&["ledger", "params"], rest, &["--json"]].concat());
    let begun = fits(&params(&["show"]));
    assert_eq!(
        (&begun["values"]["listMin"], &begun["values"]["notice"], &begun["next"], &begun["size"]),
        (&json!(1_024), &json!(0), &Value::Null, &Value::Null)
    );
    // Nothing is announced, so nothing can be applied; and what is no value is a usage error.
    let early = params(&["apply", "--yes"]);
    assert!(early.exit != 0 && early.finds("params-invalid"), "{early:?}");
    for wrong in ["listMin", "listMin=few", "other=1", "kinds=epoch"] {
        let said = params(&["announce", "--set", wrong, "--yes"]);
        assert_eq!(said.exit, 2, "{wrong}: {said:?}");
    }
    assert_eq!(params(&["announce", "--set", "listMin=2048", "--no-input"]).exit, 5, "asked first");

    let dry = fits(&params(&["announce", "--set", "listMin=2048", "-n"]));
    assert_eq!((&dry["dryRun"], &dry["next"]), (&json!(true), &Value::Null));
    let announced = fits(&params(&[
        "announce",
        "--set",
        "listMin=2048",
        "--set",
        "kinds=did,issuance",
        "--yes",
    ]));
    assert_eq!(announced["values"]["listMin"], 1_024, "not yet");
    assert_eq!(announced["next"]["listMin"], 2_048);
    assert_eq!(announced["next"]["kinds"], json!(["did", "issuance"]));
    assert!(announced["size"].as_u64() > Some(1) && announced["notBefore"].is_string());
    let shown = shell.ok(&["ledger", "params", "show"]);
    assert!(
        shown.contains("1024  \u{2192} 2048") && shown.contains("not in force before"),
        "{shown}"
    );
    // The margin of a minute is over only later: a time of one's own, as early as the notice allows, is taken.
    let early = params(&["apply", "--yes"]);
    assert!(early.exit != 0 && early.finds("params-invalid"), "{early:?}");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let soon = inkan_io::clock::Clock::now(&inkan_io::clock::OsClock).plus_seconds(3).to_string();
    let again = ["announce", "--set", "listMin=4096", "--not-before", &soon, "--yes"];
    fits(&params(&again));
    std::thread::sleep(std::time::Duration::from_secs(4));
    let applied = fits(&params(&["apply", "--yes"]));
    assert_eq!((&applied["values"]["listMin"], &applied["next"]), (&json!(4_096), &Value::Null));
    // Whoever judges the log again agrees.
    shell.ok(&["ledger", "check", "ledger", "--deep"]);

    // A node shows them to others; while it runs it alone writes.
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    let far = shell.inkan(&["--ledger", node.ready("url"), "ledger", "params", "show", "--json"]);
    assert_eq!(fits(&far)["values"], applied["values"]);
    assert_eq!(params(&["announce", "--set", "listMin=1", "--yes"]).exit, 7, "it is in use");
}
