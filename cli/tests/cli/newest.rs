//! `inkan ledger prove` and `check` of what is the newest: statements of trust, as of a time; and who signed an entry.

use serde_json::{Value, json};

use crate::common::{Home, Ran};

fn bank(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["-p", "bank", "ledger"], arguments, &["--json"]].concat())
}

fn prove(home: &Home, about: &[&str], more: &[&str], out: &str) -> Value {
    bank(home, &[&["prove"], about, more, &["--out", out, "--force"]].concat()).must(0).json()
}

#[test]
fn what_an_authority_states_is_proved_as_of_now_and_as_of_a_time() {
    let (home, authority, holder) = Home::with_parties();
    let trust = |verb: &str| {
        let line = ["-p", "acme", "trust", verb, &holder, "--issues", "Badge", "--as", "acme"];
        home.run(&[&line[..], &["--json"]].concat()).must(0).json()
    };
    let stated = trust("add")["statements"][0].clone();
    let member = |name: &str| stated[name].as_str().unwrap().to_owned();
    let (kind, action, resource) = (member("type"), member("action"), member("resource"));
    let about = ["--trust", &authority, &kind, &holder, &action, &resource];
    let held = prove(&home, &about, &[], "held.json");
    assert_eq!((&held["standing"], &held["newest"]["index"]), (&json!("holds"), &stated["entry"]));
    let then = held["at"].as_str().unwrap().to_owned();
    let checked = bank(&home, &["check", "held.json"]).must(0).json();
    assert_eq!((&checked["standing"], &checked["entry"]), (&json!("holds"), &json!("pass")));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    trust("remove");
    assert_eq!(prove(&home, &about, &[], "ended.json")["standing"], "ended");
    assert_eq!(prove(&home, &about, &["--at", &then], "then.json")["standing"], "holds");
    let at = |file: &str| bank(&home, &["check", file, "--at", &then]);
    assert_eq!(at("then.json").must(0).json()["standing"], "holds");
    assert_ne!(at("ended.json").status, 0, "nobody had seen that head then");
    // What was never stated is proved too, and of whatever else there is, as of then.
    let never = ["--trust", &authority, &kind, &holder, &action, "other"];
    let none = prove(&home, &never, &[], "none.json");
    assert_eq!((&none["standing"], &none["newest"]), (&json!("never-stated"), &Value::Null));
    bank(&home, &[&["check", "none.json"], &never[..]].concat()).must(0);
    for about in [&["--current", &authority][..], &["--status", &authority, "https://a.example/1"]]
    {
        let proved = prove(&home, about, &["--at", &then], "other.json");
        assert_eq!(proved["at"], then.as_str());
    }
    let wrong = ["--trust", &authority, "belief", &holder, &action, &resource];
    bank(&home, &[&["prove"], &wrong[..]].concat()).must(2);
    bank(&home, &[&["prove"], &about[..], &["--at", "2999-01-01T00:00:00Z"]].concat()).must(2);
    bank(&home, &["prove", "1", "--at", &then]).must(2);

    // Who signed the entry: by the ledger, by receipts of its DID's versions, or not at all.
    let entry = stated["entry"].to_string();
    bank(&home, &["prove", &entry, "--out", "entry.json"]).must(0);
    let found = |more: &[&str]| {
        bank(&home, &[&["check", "entry.json"], more].concat()).must(0).json()["entry"].clone()
    };
    assert_eq!(found(&[]), "pass");
    let version = prove(&home, &["--current", &authority], &[], "v.json");
    let index = version["newest"]["index"].to_string();
    bank(&home, &["prove", &index, "--out", "version.json"]).must(0);
    assert_eq!(bank(&home, &["check", "version.json"]).must(0).json()["entry"], "pass");
    std::fs::rename(home.path("ledger"), home.path("away")).unwrap();
    assert_eq!(found(&[]), "not-checked", "the file proves what it proves without the ledger");
    assert_eq!(found(&["--history", "version.json"]), "pass");
    assert_eq!(found(&["--history", "entry.json"]), "not-checked");
}
