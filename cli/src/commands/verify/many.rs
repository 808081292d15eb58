//! `inkan verify` of several files or folders: each is judged by itself, as it would be alone, on all cores.
//!
//! In scope: which files, who judges them, one line for each, one exit code for all. Out of scope: judging.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use inkan_assurance::Report;
use inkan_core::json::{self, text};
use inkan_core::limits;
use inkan_credential::{Artefact, Bundle};
use inkan_io::files;
use inkan_io::gather::Gathered;
use inkan_io::known;
use inkan_io::parallel;
use inkan_ledger::MapKey;
use inkan_verifier::{Expectation, KnownState, Verification};
use serde_json::{Value, json};

use super::{Finder, Judge, Terms, UNREACHABLE, types_of};
use crate::args::VerifyArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::progress::Bar;
use crate::render::report::{self, Depth};
use crate::render::{Mark, safe};

/// What files of a folder are artefacts by their names: what `issue --rows` writes beside them (reports) is not.
const ENDINGS: &[&str] = &[".json", ".jsonld", ".jwt", ".sd-jwt", ".cose"];

/// The exit code of several files: the first of these that one of them has, and after these the least. What was forged, revoked or is
/// without proof is not hidden behind what is no credential at all (10), nor behind what kept a file from being judged.
const SEVERAL: [u8; 10] = [18, 11, 17, 12, 13, 14, 16, 15, 19, 10];

/// What became of a file.
enum Fate {
    /// It was judged: its report, its exit code, and the types in it.
    Judged(Value, u8, Vec<String>),
    /// It could not be read, or what it needs could not be had.
    Failed(Failure),
    /// In a folder of credentials a report of ours on them, which nobody meant to have judged.
    OwnReport,
}

impl Fate {
    fn exit(&self) -> u8 {
        match self {
            Self::Judged(_, exit, _) => *exit,
            Self::Failed(failure) => failure.exit(),
            Self::OwnReport => 0,
        }
    }

    fn is_accepted(&self) -> bool {
        self.word() == "accepted"
    }

    /// The word under which it is counted.
    fn word(&self) -> &'static str {
        match self {
            Self::Failed(_) => "not judged",
            Self::OwnReport => "left out",
            Self::Judged(report, ..) => match text(report, "decision") {
                Some("accept") => "accepted",
                Some("reject") => "rejected",
                _ => "cannot tell",
            },
        }
    }
}

/// What a verdict rested on.
#[derive(Default)]
struct Basis {
    /// Ids whose newest state mattered.
    asked: BTreeSet<MapKey>,
    /// The newest states of them that were at hand.
    states: Vec<KnownState>,
}

impl Basis {
    fn of(verification: &Verification) -> Self {
        Self { asked: verification.asked().clone(), states: verification.states().to_vec() }
    }

    /// Whether one of these states is newer than what was at hand.
    fn is_behind(&self, learned: &BTreeMap<MapKey, Vec<&KnownState>>) -> bool {
        self.asked.iter().filter_map(|key| learned.get(key)).flatten().any(|newer| {
            let same = |own: &&KnownState| own.key == newer.key && own.origin == newer.origin;
            let own = self.states.iter().filter(same).map(|own| own.sequence).max();
            own.is_none_or(|own| own < newer.sequence)
        })
    }
}

/// A file that was judged, and what it takes to judge it again.
#[derive(Default)]
struct Judged {
    /// None of a presentation, until its turn comes.
    fate: Option<Fate>,
    basis: Basis,
    /// What can be read, or expected, once only: a presentation, or standard input.
    kept: Option<Box<(Bundle, Option<Expectation>)>>,
}

impl Judged {
    fn settled(fate: Fate) -> Self {
        Self { fate: Some(fate), ..Self::default() }
    }

    fn is_behind(&self, news: &BTreeMap<MapKey, Vec<&KnownState>>) -> bool {
        self.fate.as_ref().is_some_and(Fate::is_accepted) && self.basis.is_behind(news)
    }
}

/// What a worker is given.
enum Task {
    Judge(Box<(Bundle, Gathered)>),
    Settled(Fate),
    /// A presentation: it is judged afterwards, one after the other, since each nonce counts once.
    Later,
}

/// What is judged, and what is not.
#[derive(Default)]
struct Named {
    /// In the order of the command line, and of a folder in that of its names. An empty folder stands for itself.
    names: Vec<String>,
    /// Those that nobody named: they were found in folders.
    found: BTreeSet<String>,
    /// What else is in these folders.
    left_out: Vec<String>,
}

pub(super) fn run(
    named: &[String],
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let mut named = files_of(named)?;
    not_looked_at("by their names", &named.left_out, context);
    if args.nonce.is_some() && named.names.len() > 1 {
        // Each of them could answer it, and would be accepted.
        let one = "a nonce that you keep is for one presentation: verify presentations one by one with --nonce";
        return Err(CliError::Usage(one.to_owned()).into());
    }
    let home = context.home()?;
    let terms = Terms::of(args, &home, context)?;
    let mut judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let before = judge.terms.context.known.clone();
    let all: Vec<&str> = named.names.iter().map(String::as_str).collect();
    let mut judged = pass(&all, &named.found, &judge, &finder, context);
    let states = newest(judged.iter().flat_map(|judged| &judged.basis.states));
    {
        // Held for as long as something is written, and not for the whole run: a server of this profile has to answer.
        let _lock = home.profile.lock()?;
        super::remember(&states, &home, context)?;
    }
    for (name, judged) in all.iter().zip(&mut judged) {
        if judged.fate.is_none() {
            let _lock = home.profile.lock()?;
            *judged = presented(name, &mut judge, &finder, args, &home, context);
        }
    }
    // Whichever file it was that showed a newer state: another that was accepted by an older one is judged again, as it would
    // be if it came alone now.
    judge.look_again(&home)?;
    let news = learned(&before, &judge.terms.context.known);
    let behind: Vec<usize> = judged
        .iter()
        .enumerate()
        .filter_map(|(at, judged)| judged.is_behind(&news).then_some(at))
        .collect();
    let (mut named_again, mut places) = (Vec::new(), Vec::new());
    for at in behind {
        let Some(one) = judged.get_mut(at) else { continue };
        match &one.kept {
            Some(kept) => one.fate = Some(once_more(kept, &judge, &finder)),
            None => {
                named_again.extend(all.get(at).copied());
                places.push(at);
            }
        }
    }
    let again = pass(&named_again, &named.found, &judge, &finder, context);
    for ((at, name), again) in places.into_iter().zip(&named_again).zip(again) {
        // What turned into a presentation meanwhile was not accepted as one.
        let fate = again.fate.unwrap_or_else(|| {
            let (file, detail) = ((*name).to_owned(), "it changed while it was judged".to_owned());
            Fate::Failed(CliError::InputMalformed { file, detail }.into())
        });
        if let Some(judged) = judged.get_mut(at) {
            judged.fate = Some(fate);
        }
    }
    let fates = judged.into_iter().filter_map(|judged| judged.fate);
    let (own, fates): (Vec<_>, Vec<_>) = std::mem::take(&mut named.names)
        .into_iter()
        .zip(fates)
        .partition(|(_, fate)| matches!(fate, Fate::OwnReport));
    let own: Vec<String> = own.into_iter().map(|(name, _)| name).collect();
    not_looked_at("reports on credentials", &own, context);
    named.left_out.extend(own);
    Ok(told(&named.left_out, &fates, args, context))
}

/// Says what was left out, and why.
fn not_looked_at(why: &str, names: &[String], context: &Context) {
    if !names.is_empty() {
        let shown: Vec<String> = names.iter().take(5).map(|name| safe(name, 100)).collect();
        let more = if names.len() > shown.len() { ", …" } else { "" };
        context.speech.warn(&format!("not looked at, {why}: {}{more}", shown.join(", ")));
    }
}

/// Judges these files on all cores. A presentation has no fate yet.
fn pass(
    names: &[&str],
    found: &BTreeSet<String>,
    judge: &Judge,
    finder: &Finder,
    context: &Context,
) -> Vec<Judged> {
    if names.is_empty() {
        return Vec::new();
    }
    let bar = Bar::new(context.speech, "verifying", u64::try_from(names.len()).unwrap_or(u64::MAX));
    let mut silent: Option<Failure> = None;
    let tasks = names.iter().enumerate().map(|(at, name)| {
        bar.reach(u64::try_from(at).unwrap_or(u64::MAX));
        // A ledger that did not answer once is not waited for ten thousand times.
        if let Some(failure) = &silent {
            return Task::Settled(Fate::Failed(failure.clone()));
        }
        let task = task((name, found.contains(*name)), judge, finder, context);
        if let Task::Settled(Fate::Failed(failure)) = &task
            && failure.exit() == UNREACHABLE
        {
            silent = Some(failure.clone());
        }
        task
    });
    parallel::in_order(parallel::cores(), tasks, |task| match task {
        Task::Judge(found) => {
            let (bundle, gathered) = *found;
            match judge.judge(&bundle, gathered.material, None) {
                Ok(found) => {
                    let fate = judged(&bundle, &found.report);
                    Judged { fate: Some(fate), basis: Basis::of(&found.verification), kept: None }
                }
                Err(failure) => Judged::settled(Fate::Failed(failure)),
            }
        }
        Task::Settled(fate) => Judged::settled(fate),
        Task::Later => Judged::default(),
    })
}

fn judged(bundle: &Bundle, report: &Report) -> Fate {
    Fate::Judged(report.to_value().clone(), report.exit(), types_of(bundle))
}

/// The files that were named, of a folder those that look like artefacts, in the order of their names; and what else is in these
/// folders, which are not looked into further.
fn files_of(named: &[String]) -> Result<Named, Failure> {
    let mut out = Named::default();
    for name in named {
        let path = Path::new(name);
        if !path.is_dir() {
            out.names.push(name.clone());
            continue;
        }
        let is_artefact = |file: &String| {
            let ends = ENDINGS.iter().any(|ending| file.ends_with(ending));
            ends && Path::new(file).is_file()
        };
        let inside = files::list(path, "")?.into_iter();
        let inside = inside.map(|inside| path.join(inside).display().to_string());
        let (found, mut others): (Vec<String>, Vec<String>) = inside.partition(is_artefact);
        out.left_out.append(&mut others);
        if found.is_empty() {
            out.names.push(name.clone());
        }
        out.found.extend(found.iter().cloned());
        out.names.extend(found);
    }
    if out.names.iter().filter(|name| *name == "-").count() > 1 {
        let twice = "standard input (-) can be read once".to_owned();
        return Err(CliError::Usage(twice).into());
    }
    Ok(out)
}

/// Reads a file and gathers what it needs, on the thread that may ask the ledger.
fn task((name, found): (&str, bool), judge: &Judge, finder: &Finder, context: &Context) -> Task {
    let prepared = || -> Result<Task, Failure> {
        // Standard input cannot be read again.
        if name == "-" {
            return Ok(Task::Later);
        }
        if Path::new(name).is_dir() {
            let detail = format!("no file in it ends in {}", ENDINGS.join(", "));
            return Err(CliError::InputMalformed { file: name.to_owned(), detail }.into());
        }
        let input = context.input(Some(name))?;
        let bundle = match super::read(&input, context) {
            Err(_) if found && is_own_report(&input.bytes) => {
                return Ok(Task::Settled(Fate::OwnReport));
            }
            read => read?,
        };
        if matches!(bundle.artefact, Artefact::Presentation(_)) {
            return Ok(Task::Later);
        }
        let gathered = finder.find(&bundle, &judge.terms.context)?;
        Ok(Task::Judge(Box::new((bundle, gathered))))
    };
    prepared().unwrap_or_else(|failure| Task::Settled(Fate::Failed(failure)))
}

/// Whether it is what another command of ours tells of credentials, as by `issue --rows --report` or `verify --json`.
fn is_own_report(bytes: &[u8]) -> bool {
    let Ok(value) = json::parse(bytes, limits::BUNDLE) else { return false };
    let kind = text(&value, "type").unwrap_or_default();
    matches!(kind, "inkan-rows-report/1" | "inkan-rows/1" | "inkan-report/1" | "inkan-reports/1")
}

/// A presentation, or standard input, judged as if it had come alone. The caller holds the profile's lock.
fn presented(
    name: &str,
    judge: &mut Judge,
    finder: &Finder,
    args: &VerifyArgs,
    home: &Home,
    context: &Context,
) -> Judged {
    let mut one = || -> Result<Judged, Failure> {
        let bundle = super::read(&context.input(Some(name))?, context)?;
        judge.look_again(home)?;
        let (found, expected) = judge.one(&bundle, finder, args, home, context)?;
        Ok(Judged {
            fate: Some(judged(&bundle, &found.report)),
            basis: Basis::of(&found.verification),
            kept: Some(Box::new((bundle, expected))),
        })
    };
    one().unwrap_or_else(|failure| Judged::settled(Fate::Failed(failure)))
}

/// Judges what was accepted once more, by what was shown since. Its nonce is used by now, and was when it was first judged, by this
/// very presentation.
fn once_more(kept: &(Bundle, Option<Expectation>), judge: &Judge, finder: &Finder) -> Fate {
    let (bundle, expected) = kept;
    match finder.find(bundle, &judge.terms.context) {
        Ok(gathered) => {
            let expected = expected.as_ref().map(|expected| (expected, &[][..]));
            match judge.judge(bundle, gathered.material, expected) {
                Ok(found) => judged(bundle, &found.report),
                Err(failure) => Fate::Failed(failure),
            }
        }
        Err(failure) => Fate::Failed(failure),
    }
}

/// Of each id the newest state alone is worth a place.
fn newest<'a>(states: impl Iterator<Item = &'a KnownState>) -> Vec<KnownState> {
    let mut newest: BTreeMap<_, &KnownState> = BTreeMap::new();
    for state in states {
        let known = newest.entry((&state.origin, state.key)).or_insert(state);
        if known.leaf_index < state.leaf_index {
            *known = state;
        }
    }
    newest.into_values().cloned().collect()
}

/// What is known now and was not known before.
fn learned<'a>(
    before: &[KnownState],
    now: &'a [KnownState],
) -> BTreeMap<MapKey, Vec<&'a KnownState>> {
    let known: BTreeMap<_, u64> =
        before.iter().map(|state| ((&state.origin, state.key), state.leaf_index)).collect();
    let mut learned: BTreeMap<MapKey, Vec<&KnownState>> = BTreeMap::new();
    for state in now {
        let had = known.get(&(&state.origin, state.key));
        if had.is_none_or(|had| *had < state.leaf_index) {
            learned.entry(state.key).or_default().push(state);
        }
    }
    learned
}

fn told(
    left_out: &[String],
    fates: &[(String, Fate)],
    args: &VerifyArgs,
    context: &Context,
) -> Outcome {
    let mut human = String::new();
    let mut lines = Vec::with_capacity(fates.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, fate) in fates {
        let count = counts.entry(fate.word()).or_default();
        *count = count.saturating_add(1);
        match fate {
            Fate::Judged(report, _, types) if args.explain => {
                human.push_str(&report::verdict(report, name, types, Depth::Explain));
            }
            Fate::Judged(..) | Fate::Failed(_) | Fate::OwnReport => {
                human.push_str(&line(name, fate));
            }
        }
        lines.push(value(name, fate));
    }
    let counted: Vec<String> = ["accepted", "rejected", "cannot tell", "not judged"]
        .iter()
        .filter_map(|word| counts.get(word).map(|count| format!("{count} {word}")))
        .collect();
    let files = if fates.len() == 1 { "file" } else { "files" };
    context.speech.say(&format!("{} {files}: {}", fates.len(), counted.join(", ")));
    let count = |word: &str| counts.get(word).copied().unwrap_or_default();
    let members = json!({
        "accepted": count("accepted"), "rejected": count("rejected"), "undetermined": count("cannot tell"),
        "failed": count("not judged"), "files": lines, "leftOut": left_out,
    });
    Outcome::new("inkan-reports/1", human, members).stream("files").exit(gravest(fates))
}

/// One exit code for all.
fn gravest(fates: &[(String, Fate)]) -> u8 {
    let found: BTreeSet<u8> = fates.iter().map(|(_, fate)| fate.exit()).collect();
    let first = SEVERAL.into_iter().find(|exit| found.contains(exit));
    first.or_else(|| found.into_iter().find(|exit| *exit != 0)).unwrap_or_default()
}

/// A file in a line: mark, verdict, name, and of a refusal why.
fn line(name: &str, fate: &Fate) -> String {
    let mark = match fate.word() {
        "accepted" => Mark::Pass,
        "rejected" => Mark::Fail,
        _ => Mark::Warn,
    };
    let mut out = format!("{} {:<11} {}", mark.painted(), fate.word(), safe(name, 200));
    let why = match fate {
        Fate::OwnReport => None,
        Fate::Judged(report, ..) => report::reason(report),
        Fate::Failed(failure) => {
            let number = crate::catalogue::find(failure.code()).map(|entry| entry.number);
            let number = number.unwrap_or_else(|| failure.code().to_owned());
            Some((failure.message().to_owned(), number))
        }
    };
    if let Some((why, number)) = why {
        let _ = write!(out, "  {} [{number}]", safe(&why, 300));
    }
    out.push('\n');
    out
}

fn value(name: &str, fate: &Fate) -> Value {
    match fate {
        Fate::OwnReport => json!({ "file": name, "exit": 0, "decision": null }),
        Fate::Judged(report, exit, _) => {
            json!({ "file": name, "exit": exit, "decision": text(report, "decision"), "report": report })
        }
        Fate::Failed(failure) => {
            json!({ "file": name, "exit": failure.exit(), "decision": null, "error": failure.to_value() })
        }
    }
}
