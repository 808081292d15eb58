//! Stories of credentials that were really issued: in a scratch folder, on a clock that is moved by hand.

use std::rc::Rc;

use clap::Parser as _;
use inkan_credential::schema::{Evaluation, evaluate};
use inkan_io::clock::{Clock as _, SteppingClock};
use serde_json::Value;

use super::*;
use crate::args::Cli;
use crate::commands;
use crate::config::Folders;
use crate::context::Context;
use crate::output::{Outcome, Speech};
use crate::render::report;

const DAY: u32 = 86_400;

/// A scratch folder with an issuer, a holder and a verifier on one ledger.
struct Play {
    root: tempfile::TempDir,
    clock: Rc<SteppingClock>,
    city: String,
    me: String,
}

/// What a command came to.
struct Said {
    exit: u8,
    human: String,
    members: Value,
}

impl Play {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["pass", "next"] {
            let text = format!("a passphrase of seven words or so, {name}");
            std::fs::write(root.path().join(name), text).unwrap();
        }
        std::fs::write(root.path().join("claims.json"), r#"{"role":"engineer"}"#).unwrap();
        let start = Timestamp::parse("2026-03-02T09:00:00Z").unwrap();
        let clock = Rc::new(SteppingClock::new(start));
        let mut play = Self { root, clock, city: String::new(), me: String::new() };
        let ledger = play.path("ledger");
        for (name, role) in [("city", "issuer"), ("me", "holder"), ("desk", "verifier")] {
            let domain = ["--domain", "ledger.example"];
            play.ok(&[&["init", name, "--role", role, "--ledger", &ledger], &domain[..]].concat());
        }
        play.ok(&["-p", "city", "key", "generate", "seal-1"]);
        let next = play.path("next");
        let made = ["-p", "city", "did", "create", "--key", "seal-1", "--name", "city"];
        play.city = play.ok(&[&made[..], &["--next-passphrase-file", &next]].concat());
        play.clock.step(DAY);
        let made = ["-p", "me", "did", "create", "--name", "me"];
        play.me = play.ok(&[&made[..], &["--next-passphrase-file", &next]].concat());
        play.clock.step(DAY);
        play
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Result<Outcome, crate::failure::Failure> {
        let pass = self.path("pass");
        let head = ["inkan", "--quiet", "--no-input", "--passphrase-file", &pass];
        let cli = Cli::try_parse_from(head.iter().chain(arguments)).unwrap();
        let folders = Folders {
            config: self.root.path().join("config"),
            data: self.root.path().join("profiles"),
            cache: self.root.path().join("cache"),
        };
        let speech = Speech::guess(&[]).silent();
        let mut context = Context::staged(cli.global, speech, folders, Rc::clone(&self.clock))?;
        commands::run(cli.command, &mut context)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).unwrap();
        assert_eq!(said.exit_code(), 0, "{arguments:?}: {}", said.human());
        said.human().trim_end().to_owned()
    }

    fn issue(&self, extra: &[&str]) -> String {
        let (claims, out) = (self.path("claims.json"), self.path("badge.json"));
        let line = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &self.me, "--claims"];
        self.ok(&[&line[..], &[&claims, "--valid-for", "365d", "--out", &out], extra].concat());
        out
    }

    fn countersign(&self, file: &str) -> String {
        let out = self.path("signed.json");
        self.ok(&[
            "-p",
            "me",
            "countersign",
            file,
            "--as",
            "me",
            "--role",
            "holder",
            "--out",
            &out,
        ]);
        out
    }

    fn rotate(&self) {
        let next = self.path("next");
        self.ok(&["-p", "city", "key", "generate", "seal-2"]);
        let line =
            ["-p", "city", "did", "rotate", "city", "--key", "seal-2", "--reason", "planned"];
        self.ok(&[&line[..], &["--next-passphrase-file", &next]].concat());
    }

    fn story(&self, file: &str, extra: &[&str]) -> Said {
        let said = self.run(&[&["-p", "desk", "story", file][..], extra].concat()).unwrap();
        let members = Value::Object(said.members().clone());
        fits(&members);
        Said { exit: said.exit_code(), human: self.plain(said.human()), members }
    }

    /// Without colours, and with names in the place of what is drawn at random.
    fn plain(&self, text: &str) -> String {
        let mut text = anstream::adapter::strip_str(text).to_string();
        let root = format!("{}/", self.root.path().display());
        text = text.replace(&root, "");
        for (did, name) in [(&self.city, "CITY"), (&self.me, "ME")] {
            let short = report::short_did(did);
            let scid = short.split(':').nth(2).unwrap().to_owned();
            let whole = did.split(':').nth(2).unwrap().to_owned();
            let named = |length: usize| format!("Qm{name:.<width$}", width = length - 2);
            text = text.replace(&whole, &named(whole.chars().count()));
            text = text.replace(&scid, &named(scid.chars().count()));
            let path = did.rsplit(':').next().unwrap();
            text = text
                .replace(path, &format!("{:.<width$}", name.to_lowercase(), width = path.len()));
        }
        hashes_hidden(&text)
    }

    fn pass(&self, days: u32) {
        self.clock.step(days * DAY);
    }
}

/// Roots, leaves and ids as dots.
fn hashes_hidden(text: &str) -> String {
    let random = |word: &str| {
        let hex = |c: char| c.is_ascii_hexdigit() || c == '…' || c == '-';
        let word = word.trim_end_matches([',', ';', '.']).trim_start_matches("urn:uuid:");
        word.chars().count() >= 9
            && word.chars().all(hex)
            && word.chars().any(|c| c.is_ascii_alphabetic() || c == '…')
    };
    let lines = text.lines().map(|line| {
        // Places in status lists are drawn at random as well.
        let line = match line.split_once("index ") {
            Some((before, after)) => {
                format!("{before}index #{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => line.to_owned(),
        };
        let words: Vec<String> = line
            .split(' ')
            .map(
                |word| {
                    if random(word) { "#".repeat(word.chars().count()) } else { word.to_owned() }
                },
            )
            .collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn kinds(said: &Said) -> Vec<(String, String)> {
    let events = said.members["events"].as_array().unwrap();
    let word = |event: &Value, member: &str| event[member].as_str().unwrap().to_owned();
    events.iter().map(|event| (word(event, "kind"), word(event, "standing"))).collect()
}

fn standing_of(said: &Said, kind: &str) -> Vec<String> {
    kinds(said).into_iter().filter(|(name, _)| name == kind).map(|(_, one)| one).collect()
}

#[test]
fn a_plain_credential_has_a_story_in_the_order_of_the_log() {
    let play = Play::new();
    let badge = play.issue(&[]);
    play.pass(4);
    let signed = play.countersign(&badge);
    play.pass(3);
    let said = play.story(&signed, &[]);
    assert_eq!(said.exit, 0);
    insta::assert_snapshot!("plain", said.human);
    let names: Vec<String> = kinds(&said).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(names, ["did-made", "did-made", "issued", "countersigned"]);
    assert!(kinds(&said).iter().all(|(_, standing)| standing == "held"));
    assert!(said.human.lines().all(|line| line.chars().count() <= 80), "{}", said.human);
}

#[test]
fn the_whole_life_is_told_with_its_pictures_and_ends_as_verify_does() {
    let play = Play::new();
    let badge = play.issue(&["--suspendable"]);
    play.pass(4);
    let signed = play.countersign(&badge);
    play.pass(30);
    play.ok(&["-p", "city", "cred", "suspend", &badge, "--reason", "lost", "--yes"]);
    play.pass(2);
    play.ok(&["-p", "city", "cred", "reinstate", &badge, "--yes"]);
    play.pass(60);
    play.rotate();
    play.pass(10);
    let before = play.clock.now().to_string();
    play.pass(1);
    play.ok(&["-p", "city", "revoke", &badge, "--reason", "moved-away", "--yes"]);
    play.pass(1);
    let said = play.story(&signed, &["--graph"]);
    assert_eq!(said.exit, 12);
    insta::assert_snapshot!("whole", said.human);
    assert!(said.human.lines().all(|line| line.chars().count() <= 80), "{}", said.human);
    assert_eq!(standing_of(&said, "suspended"), ["broken"]);
    assert_eq!(standing_of(&said, "reinstated"), ["held"]);
    assert_eq!(standing_of(&said, "revoked"), ["broken"]);
    // As of before, the revocation had not happened, and the story ends well.
    let earlier = play.story(&signed, &["--at", &before]);
    assert_eq!(earlier.exit, 0);
    assert!(standing_of(&earlier, "revoked").is_empty());
    assert_eq!(standing_of(&earlier, "reinstated"), ["held"]);
    assert_eq!(standing_of(&earlier, "keys-changed").len(), 1);
    // The issuer's own notes are its own, and told only if it asks.
    let own = play.run(&["-p", "city", "story", &signed, "--notes"]).unwrap();
    assert!(own.human().contains("moved-away") && own.human().contains("planned"));
    let own = play.run(&["-p", "city", "story", &signed]).unwrap();
    assert!(!own.human().contains("moved-away") && !own.human().contains("planned"));
    // What is not revoked any more can expire; a revoked one is revoked for good.
    play.pass(400);
    let late = play.story(&signed, &[]);
    assert_eq!(late.exit, 12);
    assert_eq!(standing_of(&late, "expires"), ["broken"]);
}

#[test]
fn an_acceptance_that_was_taken_back_is_told_from_the_ledger_and_from_the_file() {
    let play = Play::new();
    let signed = play.countersign(&play.issue(&[]));
    play.pass(5);
    let withdrawn = play.path("withdrawn.json");
    play.ok(&["-p", "me", "refuse", &signed, "--as", "me", "--out", &withdrawn, "--yes"]);
    play.pass(1);
    // The older file does not have the withdrawal; the ledger knows of it.
    let old = play.story(&signed, &[]);
    assert_eq!(standing_of(&old, "act-changed"), ["broken"]);
    assert_eq!(standing_of(&old, "countersigned"), ["not-judged"]);
    let new = play.story(&withdrawn, &[]);
    assert_eq!(standing_of(&new, "withdrawn"), ["broken"]);
    assert!(standing_of(&new, "act-changed").is_empty());
    assert_eq!(standing_of(&new, "countersigned"), ["not-judged"]);
    let signers = new.members["signers"].as_array().unwrap();
    assert_eq!(signers[0]["role"], "issuer");
    assert_eq!(signers[0]["standing"], "held");
    assert!(signers.iter().skip(1).all(|one| one["standing"] != "held"), "{signers:?}");
}

#[test]
fn a_stolen_key_is_told_as_stolen_and_not_as_replaced() {
    let play = Play::new();
    let early = play.path("early.json");
    std::fs::rename(play.issue(&[]), &early).unwrap();
    play.pass(1);
    let since = play.clock.now().to_string();
    play.pass(1);
    // Another request: the same one, whose answer nobody fetched, would be answered with the first credential.
    std::fs::write(play.path("claims.json"), r#"{"role":"director"}"#).unwrap();
    let late = play.issue(&[]);
    play.pass(1);
    let next = play.path("next");
    let line = ["-p", "city", "did", "report-compromise", "city", "--key", "seal-1", "--since"];
    play.ok(&[&line[..], &[&since, "--next-passphrase-file", &next]].concat());
    let told = play.story(&late, &[]);
    let found = (told.exit, &told.members["issuerProof"]);
    assert_eq!(found, (17, &"key-compromised".into()), "{}", told.human);
    assert_eq!(standing_of(&told, "key-reported"), ["broken"]);
    let unfolded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = unfolded(&told.human);
    assert!(text.contains("reported to be in other hands"), "{text}");
    assert!(!text.contains("NOT IN FORCE") && text.contains("seal-1 compromised"), "{text}");
    let told = play.story(&early, &[]);
    assert_eq!((told.exit, &told.members["issuerProof"]), (0, &"holds".into()));
    assert_eq!(standing_of(&told, "key-reported").len(), 1);
    assert!(unfolded(&told.human).contains("seal-1 compromised since"), "{}", told.human);
    // As of before the report nobody knew.
    let told = play.story(&late, &["--at", &play.clock.now().plus_seconds(-3_600).to_string()]);
    assert_eq!(told.exit, 0);
    assert!(standing_of(&told, "key-reported").is_empty());
}

#[test]
fn a_reason_is_shown_where_values_of_claims_are() {
    let play = Play::new();
    let badge = play.issue(&[]);
    let refused = play.path("refused.json");
    let line = ["-p", "me", "refuse", &badge, "--as", "me", "--reason", "born 1990-01-01", "--yes"];
    play.ok(&[&line[..], &["--out", &refused]].concat());
    let told = play.story(&refused, &[]);
    assert!(!told.members.to_string().contains("1990") && !told.human.contains("1990"));
    // Lines are cut at the width of a terminal.
    let unfolded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unfolded(&told.human).contains("a reason is given"), "{}", told.human);
    let told = play.story(&refused, &["--show-claims"]);
    assert!(unfolded(&told.human).contains("born 1990-01-01"), "{}", told.human);
}

#[test]
fn a_key_is_said_to_have_been_in_force_only_if_it_was() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let mark = |standing| KeyMark {
        label: "issued".to_owned(),
        time: at("2026-03-05T00:00:00Z"),
        version: 1,
        key: "old".to_owned(),
        standing,
    };
    let span = |name: &str, from: &str, until: Option<&str>| KeySpan {
        name: name.to_owned(),
        from: at(from),
        until: until.map(at),
    };
    let told = |standing| {
        let (first, second) = ("2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z");
        let keys = Keys {
            did: "did:webvh:QmX:ledger.example:x".to_owned(),
            versions: Vec::new(),
            spans: vec![span("old", first, Some(second)), span("new", second, None)],
            marks: vec![mark(standing)],
            ended: false,
            until: at("2026-04-01T00:00:00Z"),
        };
        let picture = draw::keys(&keys, draw::DESK);
        assert!(picture.body.contains("class=\"past\"") && picture.body.contains("class=\"bar\""));
        picture.sentence
    };
    assert!(told(Standing::Held).ends_with("with old, a key in force then (version 1)."));
    assert!(told(Standing::Broken).ends_with("not in force then, or reported stolen by then."));
    assert!(told(Standing::Unknown).ends_with("nothing shows that this key was in force then."));
    assert!(told(Standing::Held).starts_with("old could sign from 2026-03-01 to 2026-03-04; new"));
}

#[test]
fn of_a_forged_file_nothing_is_shown_as_checked() {
    let play = Play::new();
    let signed = play.countersign(&play.issue(&[]));
    play.pass(1);
    let forged = play.path("forged.json");
    let text = std::fs::read_to_string(&signed).unwrap().replace("engineer", "director");
    std::fs::write(&forged, text).unwrap();
    let said = play.story(&forged, &["--graph", "--show-claims"]);
    assert_eq!(said.exit, 11);
    assert_eq!(said.members["issuerProof"], "fails");
    assert!(said.human.starts_with("NOT AUTHENTIC"), "{}", said.human);
    assert!(!said.human.contains('✓'), "{}", said.human);
    let page = play.run(&["-p", "desk", "story", &forged, "--as", "html"]).unwrap();
    assert!(!page.human().contains('✓'));
    assert!(!page.human().contains("class=\"held") && !page.human().contains("tag held"));
    assert!(page.human().contains("NOT AUTHENTIC"));
    assert!(!said.members.to_string().contains("\"held\""), "{}", said.members);
}

#[test]
fn under_an_unknown_ledger_nothing_is_shown_as_checked_either() {
    let play = Play::new();
    let signed = play.countersign(&play.issue(&[]));
    let other = play.path("other");
    play.ok(&["init", "far", "--role", "verifier", "--ledger", &other, "--domain", "far.example"]);
    let said = play.run(&["-p", "far", "story", &signed, "--graph"]).unwrap();
    assert_eq!(said.exit_code(), 19);
    let human = play.plain(said.human());
    assert!(human.starts_with("NOT CHECKED"), "{human}");
    assert!(!human.contains('✓'), "{human}");
    insta::assert_snapshot!("unknown_ledger", human);
}

#[test]
fn the_exit_code_is_the_one_of_verify() {
    let play = Play::new();
    let badge = play.issue(&["--suspendable"]);
    for (change, days) in [(None, 1), (Some("suspend"), 1), (Some("reinstate"), 1), (None, 500)] {
        if let Some(change) = change {
            let why = if change == "suspend" { &["--reason", "lost"][..] } else { &[] };
            play.ok(&[&["-p", "city", "cred", change, &badge, "--yes"], why].concat());
        }
        play.pass(days);
        let verdict = play.run(&["-p", "desk", "verify", &badge]).unwrap().exit_code();
        assert_eq!(play.story(&badge, &[]).exit, verdict, "after {change:?}");
    }
}

#[test]
fn values_of_claims_are_shown_only_if_asked_for() {
    let play = Play::new();
    let badge = play.issue(&[]);
    for form in ["text", "html", "json"] {
        let line = ["-p", "desk", "story", &badge, "--as", form, "--graph"];
        let hidden = play.run(&line).unwrap();
        assert!(hidden.human().contains("role") && !hidden.human().contains("engineer"), "{form}");
        assert!(!Value::Object(hidden.members().clone()).to_string().contains("engineer"));
        let shown = play.run(&[&line[..], &["--show-claims"]].concat()).unwrap();
        assert!(shown.human().contains("engineer"), "{form}");
    }
}

#[test]
fn a_presentation_is_told_of_and_its_nonce_stays_unused() {
    let play = Play::new();
    let signed = play.countersign(&play.issue(&[]));
    let aud = "https://desk.example";
    let nonce = play.ok(&["-p", "desk", "request", "nonce", "--aud", aud]);
    let vp = play.path("vp.json");
    let line = ["-p", "me", "present", "--cred", &signed, "--as", "me", "--aud", aud];
    play.ok(&[&line[..], &["--nonce", &nonce, "--out", &vp]].concat());
    let told = play.story(&vp, &[]);
    assert_eq!(standing_of(&told, "issued"), ["held"]);
    // Telling it consumed nothing: the desk still accepts it once.
    play.ok(&["-p", "desk", "verify", &vp]);
    let told = play.story(&vp, &[]);
    assert_eq!(standing_of(&told, "presented"), ["held"]);
    let failed = play.run(&["-p", "desk", "story", &vp, "--cred", "3"]).unwrap_err();
    assert_eq!((failed.code(), failed.exit()), ("story-no-credential", 3));
}

#[test]
fn a_page_has_no_script_nothing_foreign_and_every_picture_in_words() {
    let play = Play::new();
    let (claims, hostile) = (play.path("claims.json"), play.path("hostile.html"));
    let evil = "</script><script>alert(1)</script>\" onload=\"x' \u{202e}gnp\u{2066}";
    std::fs::write(&claims, serde_json::json!({ evil: "</style><b>" }).to_string()).unwrap();
    let signed = play.countersign(&play.issue(&[]));
    play.pass(1);
    let name = play.path("<img src=x onerror=alert(1)>.json");
    std::fs::copy(&signed, &name).unwrap();
    let line = ["-p", "desk", "story", &name, "--html", &hostile, "--show-claims"];
    assert_eq!(play.run(&line).unwrap().exit_code(), 0);
    let page = std::fs::read_to_string(&hostile).unwrap();
    let lower = page.to_lowercase();
    for bad in [
        "<script",
        "<img",
        "<b>",
        "onload=\"",
        "javascript:",
        "\u{202e}",
        "\u{2066}",
        "http://",
        "src=",
    ] {
        let found = lower.replace("http://www.w3.org/2000/svg", "").replace("&lt;img src=", "");
        assert!(!found.contains(bad), "{bad}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("default-src 'none'"));
    for picture in page.split("<svg ").skip(1) {
        assert!(picture.contains("role=\"img\"") && picture.contains("<title id="), "{picture}");
        let sentence = picture.split("<desc id=").nth(1).unwrap();
        let sentence = sentence.split(['>', '<']).nth(1).unwrap();
        // It stands beside the picture as well.
        assert_eq!(
            page.matches(sentence).count(),
            if sentence.contains("could") || sentence.contains("can sign") { 3 } else { 2 },
            "{sentence}"
        );
    }
    let refused = play.run(&line).unwrap_err();
    assert_eq!(refused.exit(), 7, "a page is not written over unasked");
    let forced = [&line[..], &["--force"]].concat();
    assert_eq!(play.run(&forced).unwrap().exit_code(), 0);
}

/// Every story that a test tells fits `schemas/story.schema.json`, which names no member that is never written.
fn fits(story: &Value) {
    let schema = include_str!("../../../schemas/story.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert_eq!(evaluate(story, &schema), Evaluation::Success, "{story:#}");
    let mut more = story.clone();
    more["more"] = 1.into();
    assert_ne!(evaluate(&more, &schema), Evaluation::Success);
    // `profile` and `ledger` stand in every answer.
    let named = schema["properties"].as_object().unwrap().keys();
    for member in named.filter(|name| !matches!(name.as_str(), "profile" | "ledger")) {
        assert!(story.get(member).is_some(), "{member}");
        let mut less = story.clone();
        less.as_object_mut().unwrap().remove(member);
        assert_ne!(evaluate(&less, &schema), Evaluation::Success, "{member}");
    }
}
