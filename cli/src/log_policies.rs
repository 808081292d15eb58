//! Which policy of a log does a profile keep, and whom does it count?
//!
//! The witnesses in a log's own process are two operators to whoever runs the log, and nobody to everybody else (§1 of the ledger
//! specification). Whose log it is, shows by the witnesses' keys: who has their files at hand runs them.
//!
//! In scope: reading a policy to pin, and saying what became of it. Out of scope: keeping it (`init`, `ledger pin`).

use std::path::Path;

use inkan_io::files;
use inkan_io::ledger_folder::LedgerReader;
use inkan_io::ledger_source::{LedgerPlace, published_policy};
use inkan_io::node_client::NodeClient;
use inkan_io::note_key::{NoteSigner, Purpose};
use inkan_ledger::policy::policy_for_others;
use inkan_ledger::{LogPolicy, VerifierKey};

use crate::failure::{CliError, Failure};
use crate::output::Speech;
use crate::render::safe;

/// A policy as this profile will hold it.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The file.
    pub(crate) text: String,
    /// `own-folder`, `policy-file` or `first-use`.
    pub(crate) basis: &'static str,
    /// Witnesses in the log's own process that count as nobody.
    pub(crate) uncounted: Vec<String>,
}

/// The policy in a file, or else what a ledger says of itself: of a folder its own, of a node on first use.
pub(crate) fn read(file: Option<&str>, place: Option<&LedgerPlace>) -> Result<Kept, Failure> {
    let (text, basis, folder) = match (file, place) {
        (Some(file), _) => {
            let bytes = files::read(Path::new(file), inkan_core::limits::DOCUMENT)?;
            let malformed = |_| CliError::InputMalformed {
                file: safe(file, 200),
                detail: "a policy is text in UTF-8".to_owned(),
            };
            (String::from_utf8(bytes).map_err(malformed)?, "policy-file", Path::new(file).parent())
        }
        (None, Some(LedgerPlace::Folder(folder))) => {
            let text = LedgerReader::open(folder)?.policy_text().to_owned();
            (text, "own-folder", Some(folder.as_path()))
        }
        (None, Some(LedgerPlace::Node(url))) => {
            (published_policy(&NodeClient::new(url)?)?, "first-use", None)
        }
        (None, None) => return Err(CliError::Fault("no policy".to_owned()).into()),
    };
    let policy = LogPolicy::parse(&text)?;
    if folder.is_some_and(|folder| runs_witnesses_of(&policy, folder)) {
        return Ok(Kept { text, basis, uncounted: Vec::new() });
    }
    let theirs = policy_for_others(&text)?.text;
    // Nodes publish it in this form already.
    let uncounted = own_witnesses(&LogPolicy::parse(&theirs)?);
    Ok(Kept { text: theirs, basis, uncounted })
}

impl Kept {
    /// Says whose word the times rest on, where it is the log's own witnesses.
    pub(crate) fn tell(&self, speech: Speech) {
        if self.uncounted.is_empty() {
            return;
        }
        let names: Vec<String> = self.uncounted.iter().map(|name| safe(name, 100)).collect();
        let (which, they) = match names.as_slice() {
            [one] => (format!("witness {one}"), "it is"),
            many => (format!("witnesses {}", many.join(", ")), "they are"),
        };
        speech.warn(&format!(
            "the log runs the {which} itself: {they} asked for, and count as nobody, so their times are its operator's word alone"
        ));
        speech.warn(
            "what needs independent witnesses ends with 15 (INK-3015) until some of others have cosigned; \
             a policy file names them: --log-policy FILE",
        );
        speech.warn(
            "to rely on the operator's word knowingly: inkan policy new NAME --time operator",
        );
    }
}

/// The witnesses in the process of a log, by their names in its policy.
pub(crate) fn own_witnesses(policy: &LogPolicy) -> Vec<String> {
    let of_log = |origin: &str| {
        let own = policy.witnesses().iter().filter(move |one| one.is_of_log(origin));
        own.map(|one| one.name().to_owned()).collect::<Vec<_>>()
    };
    policy.logs().iter().flat_map(|log| of_log(log.name())).collect()
}

/// Whether the ledger of this policy lies in this folder, with the keys of the witnesses that run with it.
fn runs_witnesses_of(policy: &LogPolicy, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let text = files::read(&folder.join("policy"), inkan_core::limits::DOCUMENT);
    let text = text.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let lies = text.and_then(|text| LogPolicy::parse(&text).ok());
    let Ok(witnesses) = std::fs::read_dir(folder.join("witness")) else { return false };
    // Names of files show nothing: the secret keys are there, of witnesses that the policy names.
    let run: Vec<VerifierKey> = witnesses
        .flatten()
        .filter_map(|one| NoteSigner::read(&one.path().join("key"), Purpose::Witness).ok())
        .map(|signer| signer.key().clone())
        .collect();
    let mut own = policy
        .logs()
        .iter()
        .flat_map(|log| policy.witnesses().iter().filter(|witness| witness.is_of_log(log.name())));
    lies.is_some_and(|lies| lies.logs() == policy.logs())
        && own.clone().next().is_some()
        && own.all(|witness| run.contains(witness.key()))
}
