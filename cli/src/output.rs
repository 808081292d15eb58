//! Where words go: the result to standard output, all talk to standard error, and neither dies of a closed pipe.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};

use crate::args::{ColorWhen, Format, GlobalArgs};
use crate::failure::Failure;

/// What a command has to show.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `type` of the JSON form, e.g. `inkan-key-list/1`.
    kind: &'static str,
    /// What a person reads on standard output; may hold ANSI colour, which is removed where it does not belong.
    human: String,
    /// The same facts as JSON members.
    members: Map<String, Value>,
    /// The member whose items are one line each in `jsonl`.
    stream: Option<&'static str>,
    /// The exit code; only verdicts and `doctor` have another one than 0.
    exit: u8,
    /// What is said on standard error after the result.
    afterwards: Option<String>,
    /// Whether everything was printed as it happened.
    said: bool,
    /// What is done once the result is out.
    release: Option<Release>,
}

/// What is done once a result has left the process, such as forgetting what was kept until then.
struct Release(Box<dyn FnOnce() -> Result<(), Failure>>);

impl std::fmt::Debug for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Release(..)")
    }
}

impl Outcome {
    /// A result of this `type` and these members (an object).
    pub(crate) fn new(kind: &'static str, human: impl Into<String>, members: Value) -> Self {
        let members = members.as_object().cloned().unwrap_or_default();
        Self {
            kind,
            human: human.into(),
            members,
            stream: None,
            exit: 0,
            afterwards: None,
            said: false,
            release: None,
        }
    }

    /// Says what is to be done once the result is out: not before, since who cannot be told must be able to ask again.
    #[must_use]
    pub(crate) fn once_out(
        mut self,
        release: impl FnOnce() -> Result<(), Failure> + 'static,
    ) -> Self {
        self.release = Some(Release(Box::new(release)));
        self
    }

    /// Whoever reads this outcome without printing it has it now.
    pub(crate) fn is_out(&mut self) -> Result<(), Failure> {
        self.release.take().map_or(Ok(()), |release| (release.0)())
    }

    /// The end of a command that printed its result as it came.
    pub(crate) fn said() -> Self {
        Self { said: true, ..Self::new("inkan-end/1", String::new(), Value::Null) }
    }

    /// Adds a member.
    #[must_use]
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Says which member is a list that `jsonl` prints line by line.
    #[must_use]
    pub(crate) const fn stream(mut self, member: &'static str) -> Self {
        self.stream = Some(member);
        self
    }

    /// Says something on standard error after the result, unless `-q`.
    #[must_use]
    pub(crate) fn afterwards(mut self, text: Option<String>) -> Self {
        self.afterwards = text;
        self
    }

    /// The members of the JSON form.
    pub(crate) const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// What a person reads.
    pub(crate) fn human(&self) -> &str {
        &self.human
    }

    /// The exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        self.exit
    }

    /// Sets the exit code.
    #[must_use]
    pub(crate) const fn exit(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }
}

/// How this run speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    format: Format,
    quiet: bool,
    mute: bool,
    verbose: u8,
}

impl Speech {
    /// Takes the global options, and sets colour for both streams.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        match global.color {
            ColorWhen::Auto => {}
            ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
            ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
        }
        let format = match (global.json, global.format) {
            (true, _) => Format::Json,
            (false, Some(format)) => format,
            (false, None) => Format::Human,
        };
        Self { format, quiet: global.quiet, mute: false, verbose: global.verbose }
    }

    /// For arguments that could not be parsed: JSON if they ask for it anywhere.
    pub(crate) fn guess(arguments: &[String]) -> Self {
        let mut format = Format::Human;
        for (position, argument) in arguments.iter().enumerate() {
            let next = arguments.get(position.saturating_add(1)).map(String::as_str);
            match (argument.as_str(), next) {
                ("--json" | "--format=json" | "-fjson", _) | ("-f" | "--format", Some("json")) => {
                    format = Format::Json;
                }
                ("--format=jsonl" | "-fjsonl", _) | ("-f" | "--format", Some("jsonl")) => {
                    format = Format::Jsonl;
                }
                ("--", _) => break,
                _ => {}
            }
        }
        Self { format, quiet: false, mute: false, verbose: 0 }
    }

    /// The same, but nothing is said: for commands that a story runs and tells about itself.
    #[must_use]
    pub(crate) const fn silent(&self) -> Self {
        Self { quiet: true, mute: true, ..*self }
    }

    /// Whether the result is for a machine.
    pub(crate) const fn machine(&self) -> bool {
        !matches!(self.format, Format::Human)
    }

    /// Whether the result is one JSON object.
    pub(crate) const fn is_one_object(&self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Whether a person is told what goes on.
    pub(crate) const fn talks(&self) -> bool {
        !self.quiet && !self.mute && !self.machine()
    }

    /// Says something to the person at the terminal, unless `-q`.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    /// Says something that only `-v` shows.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose > 0 {
            self.say(&format!("{DIM}{line}{DIM:#}"));
        }
    }

    /// Says something that needs attention; `-q` does not silence it.
    pub(crate) fn warn(&self, line: &str) {
        if self.mute {
            return;
        }
        let _ = writeln!(anstream::stderr(), "{WARN}!{WARN:#} {line}");
    }

    /// Says what another part already laid out.
    pub(crate) fn warn_raw(&self, text: &str) {
        complain(text);
    }

    /// Prints a result, and gives the exit code of the process.
    pub(crate) fn show(&self, mut outcome: Outcome, world: &World) -> u8 {
        let exit = outcome.exit;
        if outcome.said {
            return exit;
        }
        let afterwards = outcome.afterwards.take();
        let release = outcome.release.take();
        let result = match self.format {
            Format::Human => print(&outcome.human),
            Format::Json => print_line(&envelope(outcome, world)),
            Format::Jsonl => print_lines(outcome, world),
        };
        if let Some(text) = afterwards {
            self.say(text.trim_end());
        }
        // Nobody has read what went into a closed pipe.
        if result.is_ok()
            && let Some(release) = release
            && let Err(failure) = (release.0)()
        {
            return self.fail(&failure, world);
        }
        after_write(result, exit)
    }

    /// Prints a failure, and gives the exit code of the process.
    pub(crate) fn fail(&self, failure: &Failure, world: &World) -> u8 {
        let exit = failure.exit();
        let (head, body) = failure.to_lines();
        let _ = write!(anstream::stderr(), "{FAIL}{head}{FAIL:#}{body}");
        if !self.machine() {
            return exit;
        }
        let answer = json!({
            "type": "inkan-error/1", "exit": exit, "profile": world.profile, "ledger": world.ledger,
            "error": failure.to_value(),
        });
        after_write(print_line(&answer), exit)
    }
}

/// What every JSON answer says of the run it came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Name of the profile used.
    pub(crate) profile: Option<String>,
    /// The ledger used: origin and folder.
    pub(crate) ledger: Option<Value>,
}

/// ✓ in green.
pub(crate) const PASS: Style = AnsiColor::Green.on_default().bold();
/// ✗ and `error` in red.
pub(crate) const FAIL: Style = AnsiColor::Red.on_default().bold();
/// ! in yellow.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();

/// A result with the members that every answer has. Members of the result win, so that a report keeps its own `ledger`.
fn envelope(outcome: Outcome, world: &World) -> Value {
    let mut answer = Map::new();
    answer.insert("type".to_owned(), outcome.kind.into());
    answer.insert("exit".to_owned(), outcome.exit.into());
    answer.insert("profile".to_owned(), world.profile.clone().into());
    answer.insert("ledger".to_owned(), world.ledger.clone().unwrap_or_default());
    for (name, value) in outcome.members {
        if !(value.is_null() && answer.contains_key(&name)) {
            answer.insert(name, value);
        }
    }
    Value::Object(answer)
}

fn print_lines(mut outcome: Outcome, world: &World) -> io::Result<()> {
    let items = outcome.stream.and_then(|member| outcome.members.remove(member));
    let Some(Value::Array(items)) = items else {
        return print_line(&envelope(outcome, world));
    };
    items.iter().try_for_each(print_line)
}

/// Writes to standard error as it is.
pub(crate) fn complain(text: &str) {
    let _ = write!(anstream::stderr(), "{text}");
}

/// Prints at once, in the middle of a command: for what is told as it happens.
pub(crate) fn print_now(text: &str) {
    let _ = print(text);
}

fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn print_line(value: &Value) -> io::Result<()> {
    // Not through anstream: JSON has no colour, and must leave exactly as it is.
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}

/// A closed pipe is the reader's business: it ends the output, not the verdict. Any other failure to write is told.
fn after_write(result: io::Result<()>, exit: u8) -> u8 {
    match result {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "{FAIL}error{FAIL:#}: standard output: {error}");
            if exit == 0 { 6 } else { exit }
        }
    }
}
