//! Where a mirror gets a log from: the folder of one, or a URL under which the same files are served.

use std::path::{Path, PathBuf};

use inkan_core::{Digest, sha256};
use inkan_ledger::SignedNote;
use inkan_ledger::note::NOTE_LIMIT;
use inkan_ledger::parameters::PARAMS_LIMIT;
use inkan_ledger::tree::tiles::{BUNDLE_BYTES, Tile, decode_bundle};

use super::error::MirrorError;
use crate::files;
use crate::http::{PlainHttp, Request, Session, Verb};

/// Seconds for one file.
const SECONDS: u64 = 60;

/// The static files of a log.
#[derive(Debug)]
pub struct MirrorSource(Place);

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Url { prefix: String, plain: PlainHttp, session: Option<Session> },
}

impl MirrorSource {
    /// A ledger's data folder, or a mirror's.
    #[must_use]
    pub fn folder(path: &Path) -> Self {
        Self(Place::Folder(path.to_path_buf()))
    }

    /// The prefix under which a node, or a mirror, serves the files.
    #[must_use]
    pub fn url(prefix: &str, plain: PlainHttp) -> Self {
        let prefix = prefix.trim_end_matches('/').to_owned();
        Self(Place::Url { prefix, plain, session: None })
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    ///
    /// [`MirrorError::Missing`], [`MirrorError::Malformed`], [`MirrorError::Http`], [`MirrorError::File`].
    pub fn checkpoint(&mut self) -> Result<SignedNote, MirrorError> {
        let path = "checkpoint";
        let bytes = self.get(path, NOTE_LIMIT)?.ok_or_else(|| self.missing(path))?;
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| SignedNote::parse(text).ok())
            .ok_or_else(|| MirrorError::Malformed { path: path.to_owned() })
    }

    /// The entries of a bundle; of a partial one that is gone, as many of the full one.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoint`].
    pub fn bundle(&mut self, tile: &Tile) -> Result<Vec<Vec<u8>>, MirrorError> {
        let path = tile.entries_path();
        let (bytes, width) = match self.get(&path, BUNDLE_BYTES)? {
            Some(bytes) => (bytes, tile.width()),
            None if tile.is_partial() => {
                let full = tile.full();
                let bytes = self.get(&full.entries_path(), BUNDLE_BYTES)?;
                (bytes.ok_or_else(|| self.missing(&path))?, full.width())
            }
            None => return Err(self.missing(&path)),
        };
        let entries = decode_bundle(&bytes, width).map_err(|_| MirrorError::Malformed { path })?;
        let wanted = usize::from(tile.width());
        Ok(entries.into_iter().take(wanted).map(<[u8]>::to_vec).collect())
    }

    /// A parameters document.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoint`].
    pub fn document(&mut self, digest: &Digest) -> Result<Vec<u8>, MirrorError> {
        let path = match &self.0 {
            Place::Folder(_) => format!("params/{}", digest.to_hex()),
            Place::Url { .. } => format!("v1/params/{}", digest.to_hex()),
        };
        let document = self.get(&path, PARAMS_LIMIT)?.ok_or_else(|| self.missing(&path))?;
        if sha256(&[&document]) == *digest {
            Ok(document)
        } else {
            Err(MirrorError::Malformed { path })
        }
    }

    /// What a node has of two histories of a DID; a folder has none that counts.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoint`].
    pub fn forks(&mut self, scid: &str) -> Result<Option<Vec<u8>>, MirrorError> {
        match &self.0 {
            Place::Folder(_) => Ok(None),
            Place::Url { .. } => {
                let path = format!("v1/dids/{scid}/equivocations");
                self.get(&path, inkan_ledger::evidence::FORKS_LIMIT)
            }
        }
    }

    /// That a file is not there which must be.
    fn missing(&self, path: &str) -> MirrorError {
        let path = match &self.0 {
            Place::Folder(folder) => folder.join(path).display().to_string(),
            Place::Url { prefix, .. } => format!("{prefix}/{path}"),
        };
        MirrorError::Missing { path }
    }

    /// One file; `None` if there is none.
    fn get(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, MirrorError> {
        match &mut self.0 {
            Place::Folder(folder) => Ok(files::read_optional(&folder.join(path), limit)?),
            Place::Url { prefix, plain, session } => {
                let open = match session.take() {
                    Some(open) => open,
                    None => Session::open(*plain)?,
                };
                let url = format!("{prefix}/{path}");
                let request = Request {
                    url: &url,
                    verb: Verb::Get,
                    accept: "*/*",
                    bearer: None,
                    size: limit,
                    seconds: SECONDS,
                };
                let answer = open.exchange(&request);
                *session = Some(open);
                match answer? {
                    answer if answer.status == 200 => Ok(Some(answer.body)),
                    answer if matches!(answer.status, 404 | 410) => Ok(None),
                    answer => Err(MirrorError::Answer { url, status: answer.status }),
                }
            }
        }
    }
}
