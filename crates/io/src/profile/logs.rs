//! What a profile keeps of logs: which policy each is judged by, where it answers, and what was seen of it.

use std::path::PathBuf;

use inkan_core::limits;
use inkan_evidence::tsa::Anchors;

use super::{Profile, ProfileError, check_name};
use crate::anchors::AnchorsError;
use crate::files::{self, Access};

impl Profile {
    /// Pins the policy of a log (C2SP `tlog-policy`): receipts of this origin are judged by it from now on.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn pin_log(&self, origin: &str, policy: &str) -> Result<(), ProfileError> {
        let path = self.log_policy_path(origin)?;
        Ok(files::write_atomic(&path, policy.as_bytes(), Access::Private)?)
    }

    /// Takes the policy of a log away, and the certificates beside it; that it is not there is no error.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn unpin_log(&self, origin: &str) -> Result<(), ProfileError> {
        let path = self.log_policy_path(origin)?;
        let beside = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        files::remove(&path)?;
        files::remove(&self.log_place_path(origin)?)?;
        for name in files::list(&self.folder.join("logs"), ".pem")? {
            let number = name.strip_prefix(beside).and_then(|rest| rest.strip_prefix(".policy."));
            if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
                files::remove(&self.folder.join("logs").join(format!("{name}.pem")))?;
            }
        }
        Ok(())
    }

    /// Remembers where a log answers: a folder or a URL, as `--ledger` takes it.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn keep_log_place(&self, origin: &str, place: &str) -> Result<(), ProfileError> {
        let path = self.log_place_path(origin)?;
        Ok(files::write_atomic(&path, format!("{place}\n").as_bytes(), Access::Private)?)
    }

    /// Where a log answers, if that was remembered.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn log_place(&self, origin: &str) -> Result<Option<String>, ProfileError> {
        let path = self.log_place_path(origin)?;
        let Some(bytes) = files::read_optional(&path, limits::DOCUMENT)? else { return Ok(None) };
        let text = String::from_utf8(bytes)
            .map_err(|_| ProfileError::Malformed { path, member: "text" })?;
        Ok(Some(text.trim_end().to_owned()))
    }

    /// The pinned policies, as origin and text, in the order of origins.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn pinned_logs(&self) -> Result<Vec<(String, String)>, ProfileError> {
        let mut out = Vec::new();
        for file in files::list(&self.folder.join("logs"), ".policy")? {
            let path = self.folder.join("logs").join(format!("{file}.policy"));
            let bytes = files::read(&path, limits::DOCUMENT)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| ProfileError::Malformed { path, member: "text" })?;
            // The origin's own spelling; `~` stands for its slashes in file names.
            out.push((file.replace('~', "/"), text));
        }
        Ok(out)
    }

    /// Keeps files with certificates of timestamp authorities beside the policy of a log; they replace those kept before.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn pin_anchors(&self, origin: &str, files: &[Vec<u8>]) -> Result<(), ProfileError> {
        let policy = self.log_policy_path(origin)?;
        for (number, bytes) in (1..).zip(files) {
            let path = policy.with_extension(format!("policy.{number}.pem"));
            files::write_atomic(&path, bytes, Access::Private)?;
        }
        Ok(())
    }

    /// Certificates of timestamp authorities beside the pinned policies: what checks their tokens.
    ///
    /// # Errors
    ///
    /// [`AnchorsError`].
    pub fn anchors(&self) -> Result<Anchors, AnchorsError> {
        crate::anchors::read_folder(&self.folder.join("logs"))
    }

    /// Where the largest head seen of a log is remembered.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Name`].
    pub fn seen_head(&self, origin: &str) -> Result<PathBuf, ProfileError> {
        let file = log_file(origin)?;
        Ok(self.folder.join("logs").join(format!("{file}.seen")))
    }

    /// Where it is remembered how far a log was watched.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Name`].
    pub fn watched(&self, origin: &str) -> Result<PathBuf, ProfileError> {
        Ok(self.seen_head(origin)?.with_extension("watched"))
    }

    /// Where it is kept what was read of a log's statements about trust.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Name`].
    pub fn stated(&self, origin: &str) -> Result<PathBuf, ProfileError> {
        Ok(self.seen_head(origin)?.with_extension("stated"))
    }

    fn log_place_path(&self, origin: &str) -> Result<PathBuf, ProfileError> {
        let file = log_file(origin)?;
        Ok(self.folder.join("logs").join(format!("{file}.place")))
    }

    fn log_policy_path(&self, origin: &str) -> Result<PathBuf, ProfileError> {
        let file = log_file(origin)?;
        Ok(self.folder.join("logs").join(format!("{file}.policy")))
    }
}

/// The name of the files about a log. An origin with a tilde is refused: it would share them with another log.
pub(super) fn log_file(origin: &str) -> Result<String, ProfileError> {
    if origin.contains('~') {
        return Err(ProfileError::Name { name: origin.to_owned() });
    }
    let file = origin.replace('/', "~");
    check_name(&file)?;
    Ok(file)
}
