//! Two who sign, and a seal, over an exchange; and receipts of a second log.

use super::common::{Home, Node};

const TOKEN: &str = "a-token-of-enough-characters";

fn private(home: &Home, name: &str, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    home.write(name, content);
    std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn two_sign_by_url_and_the_issuer_seals() {
    let (home, _, holder) = Home::with_parties();
    let bank = home.run(&["-p", "bank", "did", "create", "--name", "b"]).must(0);
    let bank = bank.stdout.trim().to_owned();
    private(&home, "tokens", &format!("{TOKEN}\n"));
    let serve = ["serve", "--role", "exchange", "--http", "--listen", "127.0.0.1:0"];
    let rest = ["--tokens", "tokens", "--data", "kept", "--log", "log"];
    let node = Node::start(&home, &[&["-p", "bank"], &serve[..], &rest[..]].concat());
    let exchange = format!("http://{}", node.address);

    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let witness = format!("witness={bank}");
    let who = ["--countersigners", "holder=subject", "--countersigners", &witness];
    let rest = ["--claims", "claims.json", "--out", "offer.json"];
    home.run(&[&issue[..], &who[..], &rest[..]].concat()).must(0);
    // What shows who the person is belongs to the issuer's file, and to nobody at the exchange.
    let mut offer: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(home.path("offer.json")).unwrap()).unwrap();
    let passport = serde_json::json!({ "type": "SomeEvidence", "number": "TR-0815-4711" });
    offer["evidence"].as_array_mut().unwrap().push(passport);
    home.write("offer.json", offer.to_string());
    let publish = ["-p", "acme", "offer", "publish", "offer.json", "--to", &exchange];
    let refused = home.run(&publish).must(8);
    assert!(refused.stderr.contains("needs a token"), "{}", refused.stderr);
    let rest = ["--token-file", "tokens", "--out", "offer.url"];
    let ran = home.run(&[&publish[..], &rest[..]].concat()).must(0);
    assert!(ran.stderr.contains("left out: 1 items"), "{}", ran.stderr);
    let url = std::fs::read_to_string(home.path("offer.url")).unwrap().trim().to_owned();
    let secret = url.rsplit_once('/').unwrap().1;

    // The first by the file that holds the URL, the second by the URL; a copy stays where somebody asks for one.
    let first = home.run(&["-p", "holder", "countersign", "offer.url", "--json"]).must(0).json();
    assert_eq!(
        (&first["exchange"]["stage"], &first["exchange"]["complete"]),
        (&"reviewed".into(), &false.into())
    );
    // Nothing is sent by a dry run, whatever is decided; who asks sees one act.
    home.run(&["-p", "bank", "refuse", &url, "--role", "witness", "-n"]).must(0);
    let roll = home.run(&["-p", "holder", "countersigners", &url, "--json"]).json();
    assert_eq!(roll["countersignatures"].as_array().map(Vec::len), Some(1), "{roll}");
    let early = home.run(&["-p", "acme", "seal", "offer.url"]).must(16);
    assert!(!early.stderr.contains("the offer at") && !early.stderr.contains(secret));
    let second = ["-p", "bank", "countersign", &url, "--role", "witness", "--out", "mine.json"];
    let second = home.run(&second).must(0);
    assert!(second.stderr.contains("you sign this"), "{}", second.stderr);
    assert!(home.path("mine.json").is_file());
    // Again: what is there is delivered again, and nothing new is made.
    let again = home.run(&["-p", "bank", "countersign", "offer.json", "--role", "witness"]).must(0);
    assert!(again.stderr.contains("done this already"), "{}", again.stderr);
    let sealed = home.run(&["-p", "acme", "seal", &url, "--out", "sealed.json"]).must(0);
    assert!(!sealed.stderr.contains(secret), "{}", sealed.stderr);
    home.run(&["-p", "holder", "countersigners", &url]).must(0);
    home.run(&["-p", "bank", "verify", "sealed.json"]).must(0);

    // A stranger is not asked, and whoever ends it has to have published it.
    let stranger = home.run(&["-p", "acme", "countersign", &url, "--role", "notary"]);
    assert_ne!(stranger.status, 0, "{}", stranger.stdout);
    home.run(&["-p", "holder", "offer", "delete", &url, "-y"]).must(3);
    let list = home.run(&["-p", "acme", "offer", "list", "--json"]).must(0).json();
    assert_eq!(list["offers"][0]["url"], url.as_str());
    home.run(&["-p", "acme", "offer", "delete", "offer.url", "-y"]).must(0);
    let gone = home.run(&["-p", "holder", "countersigners", &url]).must(3);
    assert!(!gone.stderr.contains(secret), "{}", gone.stderr);
    drop(node);
    home.run(&["-p", "holder", "countersigners", &url]).must(6);
    for (path, bytes) in home.snapshot() {
        if path.starts_with(home.path("log")) || path.starts_with(home.path("kept")) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains(secret) && !text.contains("4711"), "{}", path.display());
        }
    }
    home.run(&["countersigners", "http://192.0.2.1/offers/x"]).must(2);
}

/// An exchange that says 200 to everything, and holds what it held before; gives the URL of its offer.
fn forgetful(state: &serde_json::Value) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = state.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.extend(byte);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut sent = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
            let _ = stream.read_exact(&mut sent);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://{address}/offers/{}", "s".repeat(43))
}

#[test]
fn what_an_exchange_says_it_took_is_looked_for_in_what_it_gives_out() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let rest = ["--countersigners", "holder=subject", "--claims", "claims.json"];
    home.run(&[&issue[..], &rest[..], &["--out", "offer.json"]].concat()).must(0);
    let offer: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(home.path("offer.json")).unwrap()).unwrap();
    let state = serde_json::json!({
        "type": "inkan-exchange/1", "bundle": offer, "stage": "sealed", "complete": true,
    });
    let url = forgetful(&state);
    let ran = home.run(&["-p", "holder", "countersign", &url, "--json"]);
    assert_ne!(ran.status, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("\"delivered\":true"), "{}", ran.stdout);
    assert!(ran.stderr.contains("does not hold what was sent"), "{}", ran.stderr);
    // The act is not lost with it.
    let list = home.run(&["-p", "holder", "cred", "list", "--json"]).must(0).stdout;
    assert!(list.contains("Badge"), "{list}");
    // Nor is the refusal of one DID handed in for another, who was asked to refuse.
    home.run(&["-p", "holder", "did", "create", "--name", "work"]).must(0);
    let refuse = ["-p", "holder", "refuse", "offer.json", "--as", "work", "--role", "witness"];
    home.run(&[&refuse[..], &["--reason", "by mail", "--out", "mine.json"]].concat());
    let ran = home.run(&["-p", "holder", "refuse", &url, "--as", "me", "--role", "holder"]);
    assert!(!ran.stderr.contains("you have refused already"), "{}", ran.stderr);
}

#[test]
fn what_is_taken_back_at_an_exchange_is_the_act_that_stands_there() {
    let (home, _, holder) = Home::with_parties();
    private(&home, "tokens", &format!("{TOKEN}\n"));
    let serve = ["-p", "bank", "serve", "--role", "exchange", "--http", "--listen", "127.0.0.1:0"];
    let node =
        Node::start(&home, &[&serve[..], &["--tokens", "tokens", "--data", "kept"]].concat());
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let rest =
        ["--countersigners", "holder=subject", "--claim", "role=engineer", "--out", "offer.json"];
    home.run(&[&issue[..], &rest].concat()).must(0);
    let publish =
        ["-p", "acme", "offer", "publish", "offer.json", "--token-file", "tokens", "--to"];
    let url = home.run(&[&publish[..], &[&format!("http://{}", node.address)]].concat()).must(0);
    let url = url.stdout.trim().to_owned();
    // Accepted and taken back by mail; of neither does the exchange hear.
    home.run(&["-p", "holder", "countersign", "offer.json", "--out", "mailed.json"]).must(0);
    home.run(&["-p", "holder", "refuse", "mailed.json", "--out", "back.json"]).must(0);
    // Then accepted there by another act.
    home.run(&["-p", "holder", "countersign", &url, "--again"]).must(0);
    home.run(&["-p", "bank", "countersigners", &url]).must(0);
    let ran = home.run(&["-p", "holder", "refuse", &url]).must(0);
    assert!(!ran.stderr.contains("you have refused already"), "{}", ran.stderr);
    let roll = home.run(&["-p", "bank", "countersigners", &url, "--json"]).must(16).json();
    let stands = |line: &serde_json::Value| line["standing"] == "stands";
    let lines = roll["countersignatures"].as_array().unwrap();
    assert!(!lines.iter().any(|line| line["decision"] == "accept" && stands(line)), "{roll:#}");
}

#[test]
fn a_folder_of_something_else_is_no_desk_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.run(&["init", "bank", "--role", "verifier", "--ledger", "ledger"]).must(0);
    let mode =
        |name: &str| std::fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    for (name, file) in [("full", Some("page.html")), ("empty", None)] {
        std::fs::create_dir(home.path(name)).unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(home.path(name), open).unwrap();
        if let Some(file) = file {
            home.write(&format!("{name}/{file}"), "x");
        }
        let show = ["-p", "bank", "desk", "show", &"0".repeat(64), "--folder", name];
        let ran = home.run(&show);
        assert_ne!(ran.status, 0, "{}", ran.stdout);
        assert_eq!(mode(name), 0o755, "{}", ran.stderr);
        let inside = std::fs::read_dir(home.path(name)).unwrap().count();
        assert_eq!(inside, usize::from(file.is_some()), "{}", ran.stderr);
    }
}

#[test]
fn receipts_of_a_second_log_count_once_it_is_pinned() {
    let (home, _, holder) = Home::with_parties();
    home.run(&["init", "other", "--ledger", "second", "--domain", "second.example"]).must(0);
    home.run(&["-p", "other", "did", "create", "--name", "o"]).must(0);
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "other", "issue", "Badge", "--from", "o", "--to", &holder, "--no-status"];
    let rest = ["--claims", "claims.json", "--out", "badge.json"];
    home.run(&[&issue[..], &rest[..]].concat()).must(0);
    let verify = ["-p", "bank", "verify", "badge.json", "--offline", "--json"];
    let before = home.run(&verify).must(0);
    assert!(before.stdout.contains("unknown-log"), "{}", before.stdout);

    let dry = home.run(&["-p", "bank", "ledger", "pin", "second", "-n"]).must(0);
    assert!(dry.stderr.contains("would pin second.example"), "{}", dry.stderr);
    home.run(&["-p", "bank", "ledger", "pin", "second"]).must(0);
    let list = home.run(&["-p", "bank", "ledger", "pins", "--json"]).must(0).json();
    let pins = list["logs"].as_array().unwrap();
    assert!(pins.iter().any(|log| log["origin"] == "second.example" && log["own"] == false));
    let after = home.run(&verify).must(0);
    assert!(!after.stdout.contains("unknown-log"), "{}", after.stdout);
    let on_ledger = after.json()["checks"][1].clone();
    assert_eq!((&on_ledger["check"], &on_ledger["status"]), (&"on-ledger".into(), &"pass".into()));

    // Another policy under its name is not taken unasked; its own log stays.
    let policy = home.path(".local/share/inkan/bank/logs/second.example.policy");
    let text = std::fs::read_to_string(policy).unwrap();
    home.write(
        "weaker.policy",
        text.lines().filter(|l| l.starts_with("log ")).collect::<String>() + "\nquorum none\n",
    );
    home.run(&["-p", "bank", "ledger", "pin", "weaker.policy"]).must(7);
    home.run(&["-p", "bank", "ledger", "pin", "ledger"]).must(7);
    home.run(&["-p", "bank", "ledger", "unpin", "second.example"]).must(0);
    home.run(&["-p", "bank", "ledger", "unpin", "second.example"]).must(3);
    assert!(home.run(&verify).must(0).stdout.contains("unknown-log"));
}
