//! Which scope a record is in: rules, GLOB -> SCOPE, the first that fits.
//!
//! In a glob `*` stands for any characters but `/`, `?` for one of them, and a part that is `**` for any number of parts.

use std::path::Path;

use inkan_core::limits;
use inkan_io::files;
use inkan_ledger::anchored::{RecordName, ScopeName};

use super::Fault;
use crate::args::AnchorAddArgs;
use crate::failure::{CliError, Failure};

/// The scope of everything if nobody says which.
const USUAL: &str = "records";

/// Who may see what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Scopes {
    rules: Vec<(String, ScopeName)>,
    rest: Option<ScopeName>,
}

impl Scopes {
    pub(super) fn of(args: &AnchorAddArgs) -> Result<Self, Failure> {
        let rest = args.scope.as_deref().map(ScopeName::parse).transpose();
        let rest = rest.map_err(|error| Failure::from(error).during("--scope"))?;
        let Some(file) = &args.scopes else {
            let usual = ScopeName::parse(USUAL)?;
            return Ok(Self { rules: Vec::new(), rest: Some(rest.unwrap_or(usual)) });
        };
        let bytes = files::read(Path::new(file), limits::DOCUMENT)?;
        let wrong = |line: usize, detail: &str| {
            let detail = format!("line {line}: {detail}");
            Failure::from(CliError::InputMalformed { file: file.clone(), detail })
        };
        let text = String::from_utf8(bytes).map_err(|_| wrong(1, "the file is not UTF-8"))?;
        Ok(Self { rules: rules(&text).map_err(|(line, detail)| wrong(line, detail))?, rest })
    }

    /// The scope of a record, if any.
    pub(super) fn scope_of(&self, name: &RecordName) -> Option<&ScopeName> {
        let rule = self.rules.iter().find(|(glob, _)| fits(glob, name.as_str()));
        rule.map(|(_, scope)| scope).or(self.rest.as_ref())
    }

    /// The refusal of records that nobody said who may see.
    pub(super) fn refusal(names: &[&RecordName], count: usize) -> Failure {
        let shown: Vec<String> =
            names.iter().map(|name| crate::render::safe(name.as_str(), 120)).collect();
        let message = format!("no rule fits {count} records, such as {}", shown.join(", "));
        Fault::NoScope.because(message)
    }
}

fn rules(text: &str) -> Result<Vec<(String, ScopeName)>, (usize, &'static str)> {
    let mut out = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (glob, scope) = text.rsplit_once("->").ok_or((line, "a rule is GLOB -> SCOPE"))?;
        let glob = glob.trim();
        if glob.is_empty() {
            return Err((line, "there is no glob"));
        }
        let scope = ScopeName::parse(scope.trim())
            .map_err(|_| (line, "a scope has 1 to 64 bytes and no control characters"))?;
        out.push((glob.to_owned(), scope));
    }
    if out.is_empty() { Err((1, "there is no rule in it")) } else { Ok(out) }
}

/// Whether a glob fits a name, in time that grows with the product of their lengths at most.
fn fits(glob: &str, name: &str) -> bool {
    let globs: Vec<&str> = glob.split('/').collect();
    let mut open: Vec<bool> = vec![false; globs.len().saturating_add(1)];
    // `open[i]`: the parts of the name so far can be what the first `i` parts of the glob stand for.
    let skip = |open: &mut Vec<bool>| {
        for (at, glob) in globs.iter().enumerate() {
            let here = open.get(at).copied().unwrap_or(false);
            if *glob == "**"
                && here
                && let Some(next) = open.get_mut(at.saturating_add(1))
            {
                *next = true;
            }
        }
    };
    if let Some(first) = open.first_mut() {
        *first = true;
    }
    skip(&mut open);
    for part in name.split('/') {
        let mut next = vec![false; open.len()];
        for (at, glob) in globs.iter().enumerate() {
            if !open.get(at).copied().unwrap_or(false) {
                continue;
            }
            let to = if *glob == "**" { at } else { at.saturating_add(1) };
            let fits = *glob == "**" || part_fits(glob, part);
            if fits && let Some(slot) = next.get_mut(to) {
                *slot = true;
            }
        }
        skip(&mut next);
        open = next;
    }
    open.last().copied().unwrap_or(false)
}

fn part_fits(glob: &str, part: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let part: Vec<char> = part.chars().collect();
    let (mut g, mut p) = (0_usize, 0_usize);
    // Where the last star was, and which part of the text it may still swallow.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = part.get(p) {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, p));
                g = g.saturating_add(1);
            }
            Some(one) if *one == '?' || one == c => {
                g = g.saturating_add(1);
                p = p.saturating_add(1);
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from.saturating_add(1)));
                g = at.saturating_add(1);
                p = from.saturating_add(1);
            }
        }
    }
    glob.get(g..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests;
