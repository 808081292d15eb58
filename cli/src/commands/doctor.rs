//! `inkan doctor`: looks for problems, and says how to fix each; exit 20 if any is left.

mod checks;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::args::DoctorArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::Mark;

/// Exit code of a run that left problems.
const PROBLEMS: u8 = 20;

/// What one check found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    check: &'static str,
    mark: Mark,
    said: String,
    fix: Option<String>,
}

impl Finding {
    fn good(check: &'static str, said: impl Into<String>) -> Self {
        Self { check, mark: Mark::Pass, said: said.into(), fix: None }
    }

    fn warn(check: &'static str, said: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, mark: Mark::Warn, said: said.into(), fix: Some(fix.into()) }
    }

    fn bad(check: &'static str, said: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, mark: Mark::Fail, said: said.into(), fix: Some(fix.into()) }
    }

    const fn skipped(check: &'static str, said: String) -> Self {
        Self { check, mark: Mark::Skipped, said, fix: None }
    }

    fn to_value(&self) -> Value {
        let status = match self.mark {
            Mark::Pass => "pass",
            Mark::Warn => "warn",
            Mark::Fail => "fail",
            Mark::Skipped => "skipped",
        };
        json!({ "check": self.check, "status": status, "message": self.said, "remedy": self.fix })
    }
}

pub(super) fn run(args: &DoctorArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    if args.fix {
        checks::repair(&home, context)?;
    }
    let mut findings = Vec::new();
    for (name, check) in checks::ALL {
        if args.only.as_deref().is_none_or(|only| only == *name) {
            // A check that fails to run is a problem of its own, and the others still run.
            match check(&home, context) {
                Ok(found) => findings.extend(found),
                Err(failure) => {
                    let fix = format!("inkan explain {}", failure.code());
                    findings.push(Finding::bad(name, failure.message(), fix));
                }
            }
        }
    }
    if findings.is_empty() {
        let names: Vec<&str> = checks::ALL.iter().map(|(name, _)| *name).collect();
        let usage = format!("there is no check of that name; there are: {}", names.join(", "));
        return Err(CliError::Usage(usage).into());
    }
    let mut human = String::new();
    for finding in &findings {
        let Finding { check, mark, said, fix } = finding;
        let _ = writeln!(human, " {} {check:<10} {said}", mark.painted());
        if let Some(fix) = fix {
            let _ = writeln!(human, "   {:<10} fix: {fix}", "");
        }
    }
    let problems = findings.iter().filter(|finding| finding.mark == Mark::Fail).count();
    let verdict = match problems {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    let _ = writeln!(human, "{verdict}");
    let members: Vec<Value> = findings.iter().map(Finding::to_value).collect();
    let members = json!({ "problems": problems, "checks": members });
    let exit = if problems == 0 { 0 } else { PROBLEMS };
    Ok(Outcome::new("inkan-doctor/1", human, members).stream("checks").exit(exit))
}
