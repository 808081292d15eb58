//! What a profile keeps of the promises of nodes: broken, they are evidence against the operator.

use std::path::PathBuf;

use inkan_ledger::promise::{PROMISE_LIMIT, Promise};

use super::logs::log_file;
use super::{Profile, ProfileError};
use crate::files::{self, Access};

impl Profile {
    /// Where the promise of a log about an entry is kept until it is covered. Two logs never share a file.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn promise(&self, origin: &str, leaf_index: u64) -> Result<PathBuf, ProfileError> {
        let folder = self.folder.join("promises");
        files::create_folder(&folder, Access::Private)?;
        Ok(folder.join(format!("{}.{leaf_index}.promise", log_file(origin)?)))
    }

    /// Takes away a promise that was kept; that there is none is no error.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn forget_promise(&self, origin: &str, leaf_index: u64) -> Result<(), ProfileError> {
        files::remove(&self.promise(origin, leaf_index)?)?;
        // Earlier versions named no log: another one may have promised that place.
        let earlier = self.folder.join("promises").join(format!("{leaf_index}.promise"));
        let Some(bytes) = files::read_optional(&earlier, PROMISE_LIMIT)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&bytes);
        // Whether it is signed does not matter here.
        let said = text.split_once("\n\n").map(|(said, _)| format!("{said}\n"));
        let promise = said.and_then(|said| Promise::parse_text(&said).ok());
        if promise.is_some_and(|promise| promise.origin() == origin) {
            files::remove(&earlier)?;
        }
        Ok(())
    }
}
