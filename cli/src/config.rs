//! Which profile, which ledger, which folders: flag over environment over `.inkan.toml` over `config.toml`.
//!
//! In scope: the two TOML files and where everything lies (XDG). Out of scope: what is in a profile (`inkan-io`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use inkan_io::files::{self, Access};
use serde::{Deserialize, Serialize};

use crate::failure::{CliError, Failure};

/// Bytes of a TOML file of ours.
const LIMIT: usize = 256 << 10;

/// Where things lie (XDG base directories, on every system).
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// `config.toml` and `policies/`.
    pub(crate) config: PathBuf,
    /// One folder per profile.
    pub(crate) data: PathBuf,
    /// Copies of what others publish; safe to delete.
    pub(crate) cache: PathBuf,
}

impl Folders {
    /// Asks the environment where they are.
    pub(crate) fn locate() -> Result<Self, Failure> {
        let base = etcetera::base_strategy::Xdg::new()
            .map_err(|error| CliError::Fault(format!("no home folder: {error}")))?;
        Ok(Self {
            config: base.config_dir().join("inkan"),
            data: base.data_dir().join("inkan"),
            cache: base.cache_dir().join("inkan"),
        })
    }

    fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// `config.toml`: the profiles of this user.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile used when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    /// All profiles.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, ProfileSettings>,
}

/// What `init` settled for one profile.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileSettings {
    /// `issuer`, `holder` or `verifier`.
    pub(crate) role: String,
    /// The ledger: a folder, or the URL of a node.
    pub(crate) ledger: String,
    /// The origin of that ledger; its log policy is pinned under `logs/`.
    pub(crate) origin: String,
    /// Host of the gateway that publishes the DIDs made here.
    pub(crate) domain: String,
    /// Whether that node may be asked over plain http though it is on another machine.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) insecure_http: bool,
    /// The file with an operator token of that node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ledger_token_file: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// `.inkan.toml` in the working folder: defaults of a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Project {
    /// The profile to use here.
    pub(crate) profile: Option<String>,
    /// The ledger to use here: a folder, relative to this file, or a URL.
    pub(crate) ledger: Option<String>,
}

impl Config {
    /// Reads `config.toml`; no file is an empty configuration.
    pub(crate) fn load(folders: &Folders) -> Result<Self, Failure> {
        load(&folders.config_file())
    }

    /// Writes `config.toml`.
    pub(crate) fn save(&self, folders: &Folders) -> Result<(), Failure> {
        files::create_folder(&folders.config, Access::Private)?;
        let text = toml::to_string_pretty(self)
            .map_err(|error| CliError::Fault(format!("config.toml: {error}")))?;
        Ok(files::write_atomic(&folders.config_file(), text.as_bytes(), Access::Private)?)
    }
}

impl Project {
    /// Reads `.inkan.toml` of the working folder, if there is one.
    pub(crate) fn load() -> Result<Self, Failure> {
        load(Path::new(".inkan.toml"))
    }
}

fn load<T: Default + serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let Some(bytes) = files::read_optional(path, LIMIT)? else { return Ok(T::default()) };
    let malformed = |detail: String| {
        Failure::from(CliError::ConfigMalformed { path: path.display().to_string(), detail })
    };
    let text = String::from_utf8(bytes).map_err(|_| malformed("not UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| malformed(error.message().to_owned()))
}

/// Whether `name` can name a profile, key, DID or policy: it becomes a file name and a URL fragment.
pub(crate) fn check_name(name: &str) -> Result<(), CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= 64 && name.chars().all(plain) {
        Ok(())
    } else {
        Err(CliError::NameInvalid { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests;
