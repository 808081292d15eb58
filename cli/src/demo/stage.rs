//! Where the story is played: a scratch folder, a clock that is moved by hand, and a prompter who checks every line.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Parser as _;
use inkan_core::encoding::{b64u, hex};
use inkan_core::rng::draw;
use inkan_core::{Timestamp, limits};
use inkan_io::clock::SteppingClock;
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{Profile, Shelf};
use serde_json::{Value, json};

use crate::args::{Cli, DemoArgs};
use crate::commands;
use crate::config::Folders;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::{BOLD, DIM, FAIL, PASS, Speech};

/// Seconds of one day.
pub(super) const DAY: u32 = 86_400;

/// The scratch folder and all that happened in it.
pub(super) struct Stage {
    root: PathBuf,
    folders: Folders,
    clock: Rc<SteppingClock>,
    speech: Speech,
    pause: bool,
    steps: Vec<Value>,
    failed: usize,
}

/// What became of one command.
#[derive(Debug)]
pub(super) struct Played {
    /// Its exit code.
    pub(super) exit: u8,
    /// The members of its JSON answer.
    pub(super) answer: Value,
    /// What a person would have read.
    pub(super) human: String,
}

/// What a step must come to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Must {
    /// Exit code 0.
    Hold,
    /// This exit code, and this code among the findings.
    Refuse(u8, &'static str),
}

impl Stage {
    /// Makes the scratch folder, readable by its owner alone, with two passphrase files.
    pub(super) fn set(args: &DemoArgs, context: &Context) -> Result<Self, Failure> {
        let name = format!("inkan-demo-{}", hex(&draw::<6>(&mut OsRng)));
        let root = std::env::temp_dir().join(name);
        files::create_folder(&root, Access::Private)?;
        for name in ["pass", "next"] {
            let passphrase = b64u(&draw::<24>(&mut OsRng));
            files::write_atomic(&root.join(name), passphrase.as_bytes(), Access::Private)?;
        }
        let folders = Folders {
            config: root.join("config"),
            data: root.join("profiles"),
            cache: root.join("cache"),
        };
        let start = Timestamp::parse("2026-03-02T09:00:00Z")
            .map_err(|error| CliError::Fault(error.to_string()))?;
        let clock = Rc::new(SteppingClock::new(start));
        let speech = context.speech;
        Ok(Self { root, folders, clock, speech, pause: args.step, steps: vec![], failed: 0 })
    }

    /// Removes the scratch folder unless it is to be kept; gives its path if it was.
    pub(super) fn close(&self, keep: bool) -> Result<Option<String>, Failure> {
        if keep {
            return Ok(Some(self.root.display().to_string()));
        }
        fs::remove_dir_all(&self.root)
            .map_err(|error| Failure::from(files::FileError::from_io(&self.root, error)))?;
        Ok(None)
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.steps.len().saturating_sub(self.failed), self.failed)
    }

    pub(super) fn steps(&self) -> &[Value] {
        &self.steps
    }

    /// Moves the clock.
    pub(super) fn pass_time(&self, seconds: u32) {
        self.clock.step(seconds);
    }

    pub(super) fn now(&self) -> Timestamp {
        use inkan_io::clock::Clock as _;
        self.clock.now()
    }

    /// The path of a file in the scratch folder.
    pub(super) fn path(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    pub(super) fn folders(&self) -> &Folders {
        &self.folders
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        Ok(files::read(&self.root.join(name), limits::BUNDLE)?)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        Ok(files::write_atomic(&self.root.join(name), bytes, Access::Private)?)
    }

    /// The name of a file without the folder's.
    pub(super) fn short(&self, path: &str) -> String {
        path.replace(&format!("{}/", self.root.display()), "")
    }

    /// Puts a schema where a profile looks for pinned ones.
    pub(super) fn pin_schema(&self, profile: &str, schema: &[u8]) -> Result<(), Failure> {
        let schema = inkan_core::json::parse(schema, schema.len())?;
        let profile = Profile::open(&self.folders.data.join(profile), profile)?;
        Ok(profile.put(Shelf::Schemas, "resident-certificate", &schema)?)
    }

    /// A heading: the day, and what it is about.
    pub(super) fn chapter(&self, title: &str) {
        self.tell(&format!("\n{BOLD}{}  {title}{BOLD:#}", self.now().date()));
    }

    /// Shows a picture or a few lines, indented.
    pub(super) fn show(&self, text: &str) {
        let root = format!("{}/", self.root.display());
        for line in text.replace(&root, "").lines() {
            self.tell(&format!("      {line}"));
        }
    }

    /// Runs a command and checks what became of it.
    pub(super) fn step(
        &mut self,
        title: &str,
        arguments: &[&str],
        must: Must,
    ) -> Result<Played, Failure> {
        self.tell(&format!("  {DIM}$ inkan {}{DIM:#}", self.spoken(arguments)));
        let played = self.play(arguments)?;
        let held = match must {
            Must::Hold => played.exit == 0,
            Must::Refuse(exit, code) => played.exit == exit && finds(&played.answer, code),
        };
        self.judge(title, held, must, &played);
        Ok(played)
    }

    fn judge(&mut self, title: &str, held: bool, must: Must, played: &Played) {
        let mark = if held { format!("{PASS}✓{PASS:#}") } else { format!("{FAIL}✗{FAIL:#}") };
        let came = match must {
            Must::Refuse(_, code) if held => format!(" {DIM}[exit {}: {code}]{DIM:#}", played.exit),
            Must::Hold | Must::Refuse(..) => String::new(),
        };
        self.tell(&format!("    {mark} {title}{came}"));
        if !held {
            self.failed = self.failed.saturating_add(1);
            self.show(&format!("this must not be: wanted {must:?}, got exit {}", played.exit));
            self.show(&played.human);
            self.show(&played.answer.to_string());
        }
        self.steps.push(json!({
            "title": title, "held": held, "exit": played.exit, "at": self.now().to_string(),
        }));
        if self.pause && !self.speech.machine() {
            let _ = std::io::stdin().read_line(&mut String::new());
        }
    }

    /// Runs a command as if it had been typed, on the story's clock and in its folders.
    pub(super) fn play(&self, arguments: &[&str]) -> Result<Played, Failure> {
        let pass = self.path("pass");
        let mut line = vec!["inkan", "--quiet", "--no-input", "--passphrase-file", &pass];
        line.extend(arguments);
        let cli = Cli::try_parse_from(&line)
            .map_err(|error| CliError::Fault(format!("the story mistyped: {error}")))?;
        let speech = self.speech.silent();
        let folders = self.folders.clone();
        let mut context = Context::staged(cli.global, speech, folders, Rc::clone(&self.clock))?;
        Ok(match commands::run(cli.command, &mut context) {
            Ok(mut outcome) => Played {
                exit: outcome.exit_code(),
                answer: Value::Object(outcome.members().clone()),
                human: outcome.is_out().map(|()| outcome.human().to_owned())?,
            },
            Err(failure) => {
                let (head, body) = failure.to_lines();
                let answer = json!({ "error": failure.to_value() });
                Played { exit: failure.exit(), answer, human: format!("{head}{body}") }
            }
        })
    }

    /// The command as a person would type it: without the folder's long name.
    fn spoken(&self, arguments: &[&str]) -> String {
        let root = format!("{}/", self.root.display());
        let words: Vec<String> = arguments
            .iter()
            .map(|word| word.replace(&root, ""))
            .map(|word| {
                if word.starts_with("did:") {
                    crate::render::report::short_did(&word)
                } else {
                    word
                }
            })
            .map(|word| if word.contains(' ') { format!("'{word}'") } else { word })
            .collect();
        words.join(" ")
    }

    fn tell(&self, line: &str) {
        if !self.speech.machine() {
            crate::output::print_now(&format!("{line}\n"));
        }
    }
}

/// Whether a finding with this code is in an answer: a report's checks, or an error.
fn finds(answer: &Value, code: &str) -> bool {
    match answer {
        Value::Object(members) => {
            members.get("code").and_then(Value::as_str) == Some(code)
                || members.values().any(|value| finds(value, code))
        }
        Value::Array(items) => items.iter().any(|item| finds(item, code)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Copies a folder and all in it.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    files::create_folder(to, Access::Private)?;
    let at = |error| Failure::from(files::FileError::from_io(from, error));
    for entry in fs::read_dir(from).map_err(at)? {
        let entry = entry.map_err(at)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(at)?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(at)?;
        }
    }
    Ok(())
}
