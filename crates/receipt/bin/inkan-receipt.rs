//! `inkan-receipt`: checks a receipt with no node and no network.
//!
//! The one file of this crate that touches files, arguments and the clock.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use inkan_receipt::{Request, check};
use serde_json::{Map, Value, json};

const USAGE: &str = "usage: inkan-receipt --policy FILE [options] RECEIPT
       inkan-receipt --policy FILE --current --kind KIND --part TEXT… PROOF
       inkan-receipt batch      one request per line on standard input, one answer per line on standard output
options:
  --leaf FILE          the leaf; RECEIPT is then the text of a tlog-proof instead of a sidecar
  --kind KIND          the kind of leaf that is expected
  --now SECONDS        judge as of this time (default: now)
  --max-age SECONDS    refuse if the quorum has not seen the log for so long
  --digest B64U        digest of the artefact; --act B64U its act
  --history FILE       receipt of a DID entry of the signer, once per entry; --history-head FILE its current-proof
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("batch") => batch(),
        _ => one(&arguments),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            let _ = write!(std::io::stderr(), "{message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Answers the lines of standard input.
fn batch() -> Result<u8, String> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let request = Request::from_value(&value).map_err(|error| error.to_string())?;
        writeln!(out, "{}", check(&request).to_value()).map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())?;
    Ok(0)
}

/// Answers the one question that the arguments ask.
fn one(arguments: &[String]) -> Result<u8, String> {
    let request = request_of(arguments)?;
    let request = Request::from_value(&request).map_err(|error| error.to_string())?;
    let report = check(&request);
    writeln!(std::io::stdout(), "{:#}", report.to_value()).map_err(|error| error.to_string())?;
    Ok(report.code().map_or(0, exit_code))
}

fn request_of(arguments: &[String]) -> Result<Value, String> {
    let mut request = Map::new();
    let (mut history, mut parts, mut main, mut current) = (Vec::new(), Vec::new(), None, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut next = || rest.next().cloned().ok_or(format!("{argument} needs a value"));
        let seconds =
            |text: String| text.parse::<u64>().map_err(|_| format!("{text}: not seconds"));
        let mut put = |name: &str, value: Value| request.insert(name.to_owned(), value);
        match argument.as_str() {
            "--policy" => drop(put("policy", file(&next()?)?)),
            "--leaf" => drop(put("leaf", file(&next()?)?)),
            "--kind" => drop(put("kind", next()?.into())),
            "--now" => drop(put("now", seconds(next()?)?.into())),
            "--max-age" => drop(put("maxAge", seconds(next()?)?.into())),
            "--digest" => drop(put("digest", next()?.into())),
            "--act" => drop(put("act", next()?.into())),
            "--history" => history.push(file(&next()?)?),
            "--history-head" => drop(put("historyHead", file(&next()?)?)),
            "--part" => parts.push(Value::from(next()?)),
            "--current" => current = true,
            name if !name.starts_with('-') && main.is_none() => main = Some(file(name)?),
            other => return Err(format!("{other}: not understood")),
        }
    }
    let main = main.ok_or("no file to check")?;
    let (asked, name) = if current { ("current", "proof") } else { ("receipt", "receipt") };
    request.insert("check".to_owned(), asked.into());
    request.insert(name.to_owned(), main);
    if current {
        request.insert("parts".to_owned(), parts.into());
    }
    if !history.is_empty() {
        request.insert("history".to_owned(), history.into());
    }
    if !request.contains_key("now") {
        request.insert("now".to_owned(), now()?.into());
    }
    Ok(Value::Object(request))
}

fn file(path: &str) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(json!({ "b64": inkan_core::encoding::b64(&bytes) }))
}

#[expect(clippy::disallowed_methods, reason = "the command judges as of now unless told otherwise")]
fn now() -> Result<u64, String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map(|now| now.as_secs()).map_err(|_| "the clock is before 1970".to_owned())
}

/// The exit code of a verdict (§2.7 of the ledger specification).
fn exit_code(code: &str) -> u8 {
    match code {
        "policy-invalid" => 8,
        "digest-mismatch" | "opening-invalid" | "act-mismatch" => 11,
        "quorum-not-met" => 15,
        "act-superseded" => 16,
        "stale" | "unknown-log" | "not-home" => 19,
        _ => 18,
    }
}
