//! Does the local story run, line by line, with the exit codes it promises?
//!
//! The lines are those of `tests/transcripts/` and the walkthrough of `README.md`, each played in one `sh` session in
//! a fresh folder that is also `HOME`; the story once more against a node. `$` begins a line to type, `? N` is the exit status of the line above where it
//! is not 0.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_io::os_rng::OsRng;
use inkan_server::ledger_node;
use inkan_tests::made_node::node_options;
use inkan_tests::{fixtures, peer, read_text, workspace_root};

/// What a line printed before it ended, and how it ended.
struct Played {
    output: String,
    status: i32,
}

/// A line to type and the exit status it must end with.
struct Line {
    text: String,
    expected: i32,
}

#[test]
fn the_local_story_runs_as_written() {
    runs_as_written(&transcript());
}

/// Every format is issued, recorded, shown in part, and refused where it must be.
#[test]
fn the_story_of_the_formats_runs_as_written() {
    runs_as_written(&read_text(&workspace_root().join("tests/transcripts/formats.console")));
}

/// Two spouses, two witnesses and a municipality: an offer, joint issuance, a refusal with its reason, the seal.
#[test]
fn a_marriage_notification_runs_as_written() {
    let folder = scratch();
    marriage_in(folder.path());
    let lines = read_text(&workspace_root().join("tests/transcripts/marriage.console"));
    runs_as_written_in(&lines, folder.path());
}

/// A copy of the fixtures of the marriage notification.
fn marriage_in(folder: &Path) {
    let copy = folder.join("marriage");
    std::fs::create_dir(&copy).unwrap();
    for name in ["claims.json", "schema.json", "policy.json"] {
        let from = fixtures().join("marriage-notification").join(name);
        std::fs::copy(from, copy.join(name)).unwrap();
    }
}

/// A power of attorney is given, passed on, used, revoked, and used again in vain.
#[test]
fn a_power_of_attorney_runs_as_written() {
    runs_as_written(&read_text(&workspace_root().join("tests/transcripts/delegate.console")));
}

/// A key is stolen, reported and replaced; what changed is told, and what was kept still verifies.
#[test]
fn the_story_of_a_theft_runs_as_written() {
    runs_as_written(&read_text(&workspace_root().join("tests/transcripts/theft.console")));
}

/// A DID moves to another ledger; what it issued before is judged by both, and revoked at its new home.
#[test]
fn the_story_of_a_move_runs_as_written() {
    runs_as_written(&read_text(&workspace_root().join("tests/transcripts/move.console")));
}

/// A consent is given, acknowledged, recorded, withdrawn; what was changed or belongs elsewhere is refused.
#[test]
fn the_story_of_a_consent_runs_as_written() {
    runs_as_written(&read_text(&workspace_root().join("tests/transcripts/consent.console")));
}

/// The walkthrough, and the chapters that go on in its folder.
#[test]
fn the_walkthrough_of_the_readme_runs_as_written() {
    let readme = read_text(&workspace_root().join("README.md"));
    let parts = readme.split("<!-- story -->").skip(1);
    let blocks: Vec<&str> =
        parts.map(|part| part.split("```").nth(1).expect("a block after the mark")).collect();
    assert!(blocks.len() > 1, "README marks the walkthrough and its chapters");
    let folder = scratch();
    marriage_in(folder.path());
    runs_as_written_in(&blocks.concat(), folder.path());
}

/// The same story, and the ledger is a node: nothing but the word after `--ledger` differs, and that the profiles of whoever runs
/// the log say so, by bringing the policy out of its folder. To others its own two witnesses are nobody.
#[test]
fn the_local_story_runs_the_same_against_a_node() {
    let folder = scratch();
    let data = folder.path().join("data");
    let now = OsClock.now();
    drop(LedgerFolder::create(&data, "ledger.example", &mut OsRng, now).unwrap());
    let options = node_options(&data);
    let node = ledger_node::spawn(options, Arc::new(OsClock)).unwrap();
    let ledger = format!("--ledger {} --log-policy data/policy", node.url());
    let story = transcript().replace("--ledger ./ledger", &ledger);
    assert!(story.contains("--ledger http://127.0.0.1:"));
    runs_as_written_in(&story, folder.path());
    node.shutdown().unwrap();
}

fn transcript() -> String {
    read_text(&workspace_root().join("tests/transcripts/story.console"))
}

fn runs_as_written(transcript: &str) {
    runs_as_written_in(transcript, scratch().path());
}

fn runs_as_written_in(transcript: &str, folder: &Path) {
    let lines = lines(transcript);
    let played = play(&lines, folder);
    let mut differences = String::new();
    for (line, played) in lines.iter().zip(&played) {
        if line.expected != played.status {
            differences.push_str(&format!(
                "$ {}\n-? {}\n+? {}\n{}\n",
                line.text,
                line.expected,
                played.status,
                indented(&played.output)
            ));
        }
    }
    assert!(differences.is_empty(), "the story went another way:\n\n{differences}");
    assert_eq!(played.len(), lines.len(), "the session ended early:\n{}", last_words(&played));
}

/// A fresh folder with the input of the story.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["claims.json", "email-code.json"] {
        std::fs::copy(fixtures().join("story").join(name), folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn no_line_of_the_story_prints_a_secret_or_a_stack_trace() {
    let lines = lines(&transcript());
    let folder = scratch();
    let mut first: Vec<Line> = lines.into_iter().take(8).collect();
    first.push(Line {
        text: "cat pass next; inkan -p acme key list -v --json".to_owned(),
        expected: 0,
    });
    let played = play(&first, folder.path());
    let secrets = played.last().unwrap().output.clone();
    let secrets: Vec<&str> = secrets.lines().take(2).collect();
    assert_eq!(secrets.len(), 2);
    for (line, played) in first.iter().zip(&played).take(8) {
        for secret in &secrets {
            assert!(!played.output.contains(*secret), "$ {}\n{}", line.text, played.output);
        }
        assert!(!played.output.contains("panicked"), "$ {}\n{}", line.text, played.output);
    }
}

fn lines(transcript: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for line in transcript.lines() {
        if let Some(text) = line.strip_prefix("$ ") {
            out.push(Line { text: text.to_owned(), expected: 0 });
        } else if let Some(status) = line.strip_prefix("? ") {
            let last = out.last_mut().expect("a line above the status");
            last.expected = status.trim().parse().expect("a status");
        }
    }
    assert!(!out.is_empty(), "the transcript has no lines");
    out
}

/// Plays the lines in one session; each is followed by a line of our own that tells its status.
fn play(lines: &[Line], folder: &Path) -> Vec<Played> {
    const MARK: &str = "@@status ";
    let mut script = String::from("exec 2>&1\n");
    for line in lines {
        script.push_str(&format!("{}\nprintf '\\n{MARK}%d\\n' $?\n", line.text));
    }
    let binary = peer::inkan();
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .expect("sh runs");
    let mut played = Vec::new();
    let mut so_far = String::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match line.strip_prefix(MARK) {
            Some(status) => played.push(Played {
                output: std::mem::take(&mut so_far),
                status: status.parse().expect("a status"),
            }),
            None => {
                so_far.push_str(line);
                so_far.push('\n');
            }
        }
    }
    played
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn last_words(played: &[Played]) -> String {
    played.last().map(|last| indented(&last.output)).unwrap_or_default()
}
