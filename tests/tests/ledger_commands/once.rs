//! `inkan ledger once`: the first use counts, in a folder and on a node, and one that was interrupted is finished by who began it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use inkan_tests::shell::{Said, Shell};
use inkan_tests::{read_json, schemas};
use serde_json::Value;

/// What the command says fits its schema, which is closed.
fn fits(said: &Value) {
    let schema = read_json(&schemas().join("ledger-once.schema.json"));
    let schema = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema);
    let schema = schema.expect("a schema");
    assert!(schema.is_valid(said), "{said}");
    let mut more = said.clone();
    more["unexpected"] = 1.into();
    assert!(!schema.is_valid(&more));
}

/// Something between client and node that hands everything on, and answers "later" to so many entries that the node took. Gives its URL, and counts the
/// entries.
fn between(node: &str, later: usize) -> (String, Arc<AtomicUsize>) {
    let host = node.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let posted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posted);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (host, count) = (host.clone(), Arc::clone(&count));
            // Who is cut off asks again.
            std::thread::spawn(move || drop(hand_on(stream, &host, &count, later)));
        }
    });
    (url, posted)
}

fn hand_on(
    mut client: TcpStream,
    host: &str,
    count: &AtomicUsize,
    later: usize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let name = line.to_ascii_lowercase();
        if let Some(found) = name.strip_prefix("content-length:") {
            length = found.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
        if !name.starts_with("connection:") && !name.starts_with("host:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut node = TcpStream::connect(host)?;
    write!(node, "{head}host: {host}\r\nconnection: close\r\n\r\n")?;
    node.write_all(&body)?;
    let mut answer = Vec::new();
    node.read_to_end(&mut answer)?;
    let is_entry = head.starts_with("POST /v1/entries");
    if is_entry && count.fetch_add(1, Ordering::SeqCst) < later {
        answer = b"HTTP/1.1 503 Later\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
    }
    client.write_all(&answer)
}

/// The node took it, and somebody in between said "later": sent again, it is one's own.
#[test]
fn an_answer_that_says_later_after_the_entry_was_taken_loses_nothing() {
    let shell = Shell::new();
    shell.cast();
    let id = shell.ok(&["ledger", "once", "--new"]);
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    let (url, posted) = between(node.ready("url"), 1);
    let once = |ledger: &str| {
        shell.inkan(&["-p", "city", "--ledger", ledger, "ledger", "once", "coupon", &id, "--json"])
    };
    let used = once(&url);
    assert_eq!(used.exit, 0, "{used:?}");
    assert_eq!(posted.load(Ordering::SeqCst), 2, "it was sent twice");
    fits(&used.json());
    // It counts once, all the same: for whoever comes later, and for the same profile.
    let again = once(node.ready("url"));
    assert!(again.exit == 7 && again.finds("already-used"), "{again:?}");
}

#[test]
fn the_first_use_counts_and_every_other_one_ends_with_7() {
    let shell = Shell::new();
    shell.cast();
    let id = shell.ok(&["ledger", "once", "--new"]);
    assert_eq!(id.len(), 43, "{id}");
    assert_ne!(id, shell.ok(&["ledger", "once", "--new"]));
    let uses = |place: &str, scope: &str| {
        let once = |who: &str, more: &[&str]| -> Said {
            let line = ["-p", who, "--ledger", place, "ledger", "once", scope, &id, "--json"];
            shell.inkan(&[&line[..], more].concat())
        };
        let tried = once("city", &["--dry-run"]);
        assert!(tried.exit == 0 && tried.out.contains("\"kind\":\"once\""), "{tried:?}");
        let first = once("city", &["--out", "used.json", "--force"]);
        assert_eq!(first.exit, 0, "{first:?}");
        fits(&first.json());
        let entry = first.json()["entry"].as_u64().expect("its place");
        let check = ["-p", "desk", "--ledger", place, "ledger", "check", "used.json", "--json"];
        let checked = shell.inkan(&check);
        assert_eq!((checked.exit, &checked.json()["index"]), (0, &entry.into()), "{checked:?}");
        // Whoever comes later is told which entry was first, and gets no receipt.
        for (who, by) in [("me", "by Qm"), ("city", "by your own city")] {
            let later = once(who, &["--out", "no.json"]);
            assert_eq!(later.exit, 7, "{later:?}");
            assert!(later.finds("already-used"), "{later:?}");
            let said = format!("in entry {entry} of ledger.example, {by}");
            assert!(later.out.contains(&said), "{said}: {later:?}");
            assert!(!shell.home().join("no.json").exists());
        }
        let prove = ["-p", "desk", "--ledger", place, "ledger", "prove", "--once", scope, &id];
        let proved = shell.inkan(&[&prove[..], &["--json"]].concat());
        assert_eq!(proved.json()["newest"]["index"], entry, "{proved:?}");
    };
    uses("ledger", "coupon");
    // In another sense it is another thing; who reads it from a pipe tells nobody of it.
    let piped = ["-p", "me", "ledger", "once", "ticket", "-", "--json"];
    let piped = shell.inkan_reading(&piped, format!("{id}\n").as_bytes());
    assert_eq!(piped.exit, 0, "{piped:?}");
    assert_eq!(piped.json()["receipt"]["type"], "inkan-receipt/1", "{piped:?}");
    for wrong in [
        &["coupon", "short"][..],
        &["two words", &id],
        &["", &id],
        &[&"x".repeat(65), &id],
        &["coupon", &id, "--new"],
        &[],
    ] {
        let said = shell.inkan(&[&["-p", "me", "ledger", "once"], wrong].concat());
        assert_eq!(said.exit, 2, "{wrong:?}: {said:?}");
    }
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    uses(node.ready("url"), "grant");
}

#[test]
fn a_use_that_was_recorded_and_not_written_is_finished_by_who_began_it() {
    let shell = Shell::new();
    shell.cast();
    let id = shell.ok(&["ledger", "once", "--new"]);
    let once = |who: &str, out: &str| {
        shell.inkan(&["-p", who, "ledger", "once", "coupon", &id, "--out", out, "--json"])
    };
    let failed = once("city", &super::interrupted::unwritable());
    assert_ne!(failed.exit, 0, "{failed:?}");
    let doctor = shell.inkan(&["-p", "city", "doctor"]);
    assert!(doctor.out.contains("ledger once"), "{doctor:?}");
    assert_eq!(once("me", "mine.json").exit, 7);
    let done = once("city", "used.json");
    assert_eq!(done.exit, 0, "{done:?}");
    assert!(done.err.contains("goes on with its entry"), "{done:?}");
    // Then it is done: the same command has no second use of it.
    assert_eq!(once("city", "again.json").exit, 7);
}
