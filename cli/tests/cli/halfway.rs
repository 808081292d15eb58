//! A move that stopped between two ledgers: what is said of it, and what it can do without.

use crate::common::{Home, Node};

#[test]
fn a_move_that_stopped_goes_on_without_the_log_that_was_left_and_says_where_it_is() {
    let (home, ..) = Home::with_parties();
    home.write("now.json", r#"{"notice":0}"#);
    for name in ["b", "c"] {
        let (operator, domain) = (format!("operator-{name}"), format!("{name}.example"));
        let init = ["init", &operator, "--ledger", name, "--domain", &domain];
        home.run(&[&init[..], &["--params", "now.json"]].concat()).must(0);
        home.run(&["-p", "acme", "ledger", "pin", name, "--yes"]).must(0);
    }
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let pause = || std::thread::sleep(std::time::Duration::from_millis(1_100));
    let issue = ["issue", "Badge", "--from", "acme", "--bearer", "--claim", "a=b"];
    acme(&[&issue[..], &["--out", "badge.json"]].concat()).must(0);
    pause();
    acme(&["did", "move", "acme", "--to", "b", "--yes"]).must(0);
    pause();
    let to_c = ["did", "move", "acme", "--to", "c", "--yes"];
    {
        let busy = ["ledger", "start", "--data", "c", "--listen", "127.0.0.1:0"];
        let _node = Node::start(&home, &busy);
        assert_ne!(acme(&to_c).status, 0);
    }
    // Where the one that it left answers is forgotten with its policy.
    acme(&["ledger", "unpin", "b.example"]).must(0);
    let checked = acme(&["doctor", "--only", "status", "--json"]);
    assert!(checked.stdout.contains("on its way"), "{checked:?}");
    assert!(!checked.stdout.contains("\"error\""), "{checked:?}");

    // The new one takes fewer versions at once by now: it refuses, and something was recorded.
    let soon = inkan_io::clock::Clock::now(&inkan_io::clock::OsClock).plus_seconds(3).to_string();
    let announce = ["--ledger", "c", "ledger", "params", "announce", "--set", "importMax=1"];
    let operator = |arguments: &[&str]| home.run(&[&["-p", "operator-c"], arguments].concat());
    operator(&[&announce[..], &["--not-before", &soon, "--yes"]].concat()).must(0);
    std::thread::sleep(std::time::Duration::from_secs(4));
    operator(&["ledger", "params", "apply", "--yes"]).must(0);
    let refused = acme(&to_c);
    assert_ne!(refused.status, 0);
    assert!(refused.stderr.contains("c.example refuses it"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("nothing was recorded"), "{}", refused.stderr);
    assert!(refused.stderr.contains("has left b.example"), "{}", refused.stderr);

    let soon = inkan_io::clock::Clock::now(&inkan_io::clock::OsClock).plus_seconds(3).to_string();
    let announce = ["ledger", "params", "announce", "--set", "importMax=1000"];
    operator(&[&announce[..], &["--not-before", &soon, "--yes"]].concat()).must(0);
    std::thread::sleep(std::time::Duration::from_secs(4));
    operator(&["ledger", "params", "apply", "--yes"]).must(0);
    acme(&to_c).must(0);
}
