//! What a profile keeps of nodes that lied: to be shown to the log's operator, its witnesses, and anybody else.

use std::path::PathBuf;

use inkan_core::sha256;
use serde_json::Value;

use super::{Profile, ProfileError};
use crate::files::{self, Access};

impl Profile {
    /// Keeps evidence beside the promises, and says where; the same again is one file.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn keep_evidence(&self, evidence: &Value) -> Result<PathBuf, ProfileError> {
        let folder = self.folder.join("promises");
        files::create_folder(&folder, Access::Private)?;
        let mut text = format!("{evidence:#}");
        text.push('\n');
        let name: String = sha256(&[text.as_bytes()]).to_hex().chars().take(16).collect();
        let path = folder.join(format!("{name}.evidence.json"));
        files::write_atomic(&path, text.as_bytes(), Access::Private)?;
        Ok(path)
    }
}
