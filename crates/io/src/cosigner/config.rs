//! Who else cosigns a log: the file `cosigners` of its data folder.
//!
//! In scope: its text, and the cosigners that it means. Out of scope: the witnesses in this process (`ledger_folder`), the
//! quorum (`policy`, which names all of them).
//!
//! ```text
//! # Comments and empty lines mean nothing.
//! witness <name in the policy> <vkey> <submission prefix> [<monitoring prefix>] [own]
//! tsa <name in the policy> <vkey> <URL>
//! ```
//! A witness that is not `own` is asked every 30 seconds, an authority once an hour. Certificates of authorities are in
//! `anchors.pem` beside the file.

use std::path::Path;
use std::time::Duration;

use inkan_evidence::tsa::Anchors;
use inkan_ledger::VerifierKey;

use super::{CosignError, Cosigner, HttpWitness, Pace, TsaAddress, TsaCosigner, WitnessAddress};
use crate::anchors;
use crate::files;
use crate::http::PlainHttp;

/// The largest file in bytes.
const LIMIT: usize = 65_536;
/// How often somebody else's witness is asked (§3.3).
const PUBLIC: Duration = Duration::from_secs(30);

/// Reads the cosigners of the log whose data folder this is; `logs` are its keys. None without the file.
///
/// # Errors
///
/// [`CosignError::Configuration`] with the line; [`CosignError::WrongKey`], [`CosignError::File`].
pub fn configured(
    folder: &Path,
    logs: &[VerifierKey],
) -> Result<Vec<Box<dyn Cosigner>>, CosignError> {
    let Some(bytes) = files::read_optional(&folder.join("cosigners"), LIMIT)? else {
        return Ok(Vec::new());
    };
    let anchors = anchors::read(&folder.join("anchors.pem"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| CosignError::Configuration { line: 1 })?;
    let mut cosigners = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        if !words.first().is_none_or(|word| word.starts_with('#')) {
            let cosigner = cosigner(&words, logs, &anchors)?;
            cosigners.push(cosigner.ok_or(CosignError::Configuration { line })?);
        }
    }
    Ok(cosigners)
}

/// The cosigner of one line; `None` if it means nothing.
fn cosigner(
    words: &[&str],
    logs: &[VerifierKey],
    anchors: &Anchors,
) -> Result<Option<Box<dyn Cosigner>>, CosignError> {
    let (words, pace) = match words {
        [words @ .., "own"] => (words, Pace::EveryCheckpoint),
        words => (words, Pace::Every(PUBLIC)),
    };
    let (kind, name, key, url, monitoring) = match *words {
        [kind, name, key, url] => (kind, name, key, url, None),
        ["witness", name, key, url, monitoring] => ("witness", name, key, url, Some(monitoring)),
        _ => return Ok(None),
    };
    let Ok(key) = VerifierKey::parse(key) else { return Ok(None) };
    let (name, url) = (name.to_owned(), url.to_owned());
    Ok(match kind {
        "witness" => {
            let monitoring = monitoring.map(str::to_owned);
            // Lines prove themselves; who is on the way can withhold them.
            let plain = PlainHttp::Anywhere;
            let address = WitnessAddress { name, key, submission: url, monitoring, pace, plain };
            Some(Box::new(HttpWitness::new(address, logs.to_vec())?))
        }
        "tsa" => {
            let anchors = anchors.clone();
            let address = TsaAddress { name, key, url, anchors, every: None };
            Some(Box::new(TsaCosigner::new(address)?))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
