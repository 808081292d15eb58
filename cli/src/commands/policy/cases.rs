//! `inkan policy test`: a table of cases, and whether a policy says of each what it must.
//!
//! In scope: finding the files and telling. Out of scope: tables themselves (`inkan_assurance::cases`), and judging (`verify`).

use std::path::{Path, PathBuf};

use inkan_assurance::CaseTable;
use inkan_assurance::cases::Case;
use inkan_core::json::text;
use serde_json::{Value, json};

use crate::args::{PolicyTestArgs, VerifyArgs};
use crate::commands::verify::rehearsed::rehearse;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::{Mark, report, safe};

/// Exit code when a case comes out otherwise than expected.
const DIFFERS: u8 = 15;

/// What became of a case.
struct Judged {
    name: String,
    file: String,
    /// The report's decision and exit code, or why there is none.
    verdict: Result<(String, u8), Failure>,
    /// Why it was not accepted.
    reason: Option<(String, String)>,
    /// What is otherwise than expected, a line each.
    differs: Vec<String>,
}

impl Judged {
    const fn holds(&self) -> bool {
        self.verdict.is_ok() && self.differs.is_empty()
    }
}

pub(super) fn run(args: &PolicyTestArgs, context: &mut Context) -> Result<Outcome, Failure> {
    // A policy that cannot be read is no finding about the cases.
    let policy = super::load(&args.policy, context)?;
    let mut judged = Vec::new();
    let standard_input = [String::from("-")];
    let tables = if args.files.is_empty() { &standard_input[..] } else { &args.files };
    // All tables are read before anything is judged: a slip in the last one costs nothing.
    let tables = tables.iter().map(|file| read(file, context)).collect::<Result<Vec<_>, _>>()?;
    for (folder, table) in &tables {
        for case in &table.cases {
            judged.push(judge(case, folder, args, context));
        }
    }
    let failed = judged.iter().filter(|one| !one.holds()).count();
    let mut human: String = judged.iter().map(line).collect();
    human.push_str(&match failed {
        0 => format!("all {} as expected of {}\n", counted(judged.len()), safe(policy.id(), 80)),
        failed => format!(
            "{failed} of {} otherwise than expected of {}\n",
            counted(judged.len()),
            safe(policy.id(), 80)
        ),
    });
    let cases: Vec<Value> = judged.iter().map(to_value).collect();
    let members = json!({
        "id": policy.id(), "sha256": policy.digest().to_hex(), "cases": cases, "failed": failed,
    });
    let exit = if failed == 0 { 0 } else { DIFFERS };
    Ok(Outcome::new("inkan-policy-test/1", human, members).stream("cases").exit(exit))
}

fn counted(cases: usize) -> String {
    if cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") }
}

/// A table, and the folder from which its files are found.
fn read(file: &str, context: &Context) -> Result<(PathBuf, CaseTable), Failure> {
    let input = context.input(Some(file))?;
    let table = CaseTable::parse(&input.bytes, crate::catalogue::book())
        .map_err(|error| Failure::new(error.code(), error.to_string()).during(&input.name))?;
    let folder = Path::new(file).parent().filter(|_| file != "-").unwrap_or_else(|| Path::new(""));
    Ok((folder.to_path_buf(), table))
}

fn judge(case: &Case, folder: &Path, args: &PolicyTestArgs, context: &mut Context) -> Judged {
    let beside = |path: &String| folder.join(path).display().to_string();
    let file = beside(&case.file);
    let asked = VerifyArgs {
        files: vec![file.clone()],
        policy: Some(args.policy.clone()),
        at: case.at.clone().or_else(|| args.at.clone()),
        aud: case.aud.clone(),
        nonce: case.nonce.clone(),
        authenticator: case.authenticator.as_ref().map(beside),
        offline: args.offline,
        ..VerifyArgs::default()
    };
    let name = case.name.clone().unwrap_or_else(|| case.file.clone());
    match rehearse(&file, &asked, context) {
        Ok((report, exit)) => {
            let decision = text(&report, "decision").unwrap_or_default().to_owned();
            let differs = case.expect.differences(&report, crate::catalogue::book());
            let reason = report::reason(&report);
            Judged { name, file, verdict: Ok((decision, exit)), reason, differs }
        }
        Err(failure) => {
            Judged { name, file, verdict: Err(failure), reason: None, differs: Vec::new() }
        }
    }
}

fn line(judged: &Judged) -> String {
    let name = safe(&judged.name, 60);
    match &judged.verdict {
        Err(failure) => {
            let mark = Mark::Fail.painted();
            format!(" {mark} {name:<40} not judged: {}\n", safe(failure.message(), 200))
        }
        Ok((decision, exit)) => {
            let mark = if judged.holds() { Mark::Pass } else { Mark::Fail };
            let why = judged
                .reason
                .as_ref()
                .map(|(fact, number)| format!(": {} [{number}]", safe(fact, 200)));
            let mut out = format!(
                " {} {name:<40} {decision} ({exit}){}\n",
                mark.painted(),
                why.unwrap_or_default()
            );
            for differs in &judged.differs {
                out.push_str(&format!("     {differs}\n"));
            }
            out
        }
    }
}

fn to_value(judged: &Judged) -> Value {
    let (decision, exit, error) = match &judged.verdict {
        Ok((decision, exit)) => (json!(decision), json!(exit), Value::Null),
        Err(failure) => (Value::Null, Value::Null, failure.to_value()),
    };
    json!({
        "name": judged.name, "file": judged.file, "holds": judged.holds(), "decision": decision, "exit": exit,
        "differs": judged.differs, "error": error,
    })
}
